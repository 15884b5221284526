import { deleteIssuer, getIssuer, listIssuers, setIssuer, updateIssuer } from '../../objects/certificates/issuers.ts';
import type {
  Administrator,
  IssuerParameters,
  IssuerRecord,
  Organization,
} from '../../objects/certificates/issuers.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { objectParameters, readMembers } from '../body.ts';
import { listBody, objectName, pageRequest } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';

/** GET /certificates/issuers */
export const getCertificateIssuers: OperationCard = {
  name: 'CertificateIssuersList',
  permission: 'certificates/listissuers',
  method: 'GET',
  path: '/certificates/issuers',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listIssuers(call.vault, asked.page);
    const body = listBody(call, '/certificates/issuers', page, (issuer) => issuerItem(call, issuer));
    return { ok: true, value: { status: 200, body } };
  },
};

/** GET /certificates/issuers/{name} */
export const getCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerGet',
  permission: 'certificates/getissuers',
  method: 'GET',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const issuer = yield* getIssuer(call.vault, name.value);
    return issuer.ok ? { ok: true, value: { status: 200, body: issuerBundle(call, issuer.value) } } : issuer;
  },
};

/** PUT /certificates/issuers/{name} */
export const setCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerSet',
  permission: 'certificates/setissuers',
  method: 'PUT',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const parameters = issuerParameters(call.body);
    if (!parameters.ok) return parameters;
    const set = yield* setIssuer(call.vault, {
      name: name.value,
      parameters: parameters.value,
      nowSeconds: call.nowSeconds,
    });
    if (!set.ok) return set;
    return { ...set, value: { status: 200, body: issuerBundle(call, set.value) } };
  },
};

/** PATCH /certificates/issuers/{name}: what is mentioned changes. */
export const updateCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerUpdate',
  permission: 'certificates/setissuers',
  method: 'PATCH',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const parameters = issuerParameters(call.body);
    if (!parameters.ok) return parameters;
    const updated = yield* updateIssuer(call.vault, {
      name: name.value,
      parameters: parameters.value,
      nowSeconds: call.nowSeconds,
    });
    if (!updated.ok) return updated;
    return { ...updated, value: { status: 200, body: issuerBundle(call, updated.value) } };
  },
};

/** DELETE /certificates/issuers/{name} */
export const deleteCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerDelete',
  permission: 'certificates/deleteissuers',
  method: 'DELETE',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* deleteIssuer(call.vault, name.value);
    if (!deleted.ok) return deleted;
    return { ...deleted, value: { status: 200, body: issuerBundle(call, deleted.value) } };
  },
};

const administratorsMax = 100;

/** IssuerBundle. The password stays here. */
function issuerBundle(call: Call, issuer: IssuerRecord) {
  const { accountId, organization, enabled, created, updated } = issuer;
  return {
    ...issuerItem(call, issuer),
    credentials: accountId === undefined ? {} : { account_id: accountId },
    ...(organization !== undefined && { org_details: organizationBody(organization) }),
    attributes: { enabled, created, updated },
  };
}

/** CertificateIssuerItem of a list. */
function issuerItem(call: Call, { name, provider }: IssuerRecord) {
  return { id: `${call.origin}/certificates/issuers/${name}`, provider };
}

/** Azure has a zip code of everybody, and 0 if nobody said one. */
function organizationBody({ id, zip = 0, administrators }: Organization) {
  return {
    ...(id !== undefined && { id }),
    zip,
    ...(administrators !== undefined && { admin_details: administrators.map(administratorBody) }),
  };
}

function administratorBody({ firstName, lastName, email, phone }: Administrator) {
  return {
    ...(firstName !== undefined && { first_name: firstName }),
    ...(lastName !== undefined && { last_name: lastName }),
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
  };
}

const shapes = {
  issuer: {
    id: 'text',
    provider: 'text',
    credentials: 'anything',
    org_details: 'anything',
    attributes: 'anything',
  },
  credentials: { account_id: 'text', pwd: 'text' },
  organization: { id: 'text', zip: 'number', admin_details: 'anything' },
  administrator: { first_name: 'text', last_name: 'text', email: 'text', phone: 'text' },
} as const;

/** What a set or an update says of an issuer. */
function issuerParameters(body: unknown): Outcome<IssuerParameters> {
  const members = readMembers(body, '', shapes.issuer);
  if (!members.ok) return members;
  const { provider, org_details } = members.value;
  const credentials = readMembers(members.value.credentials ?? {}, 'credentials.', shapes.credentials);
  if (!credentials.ok) return credentials;
  const facts = objectParameters({ attributes: members.value.attributes });
  if (!facts.ok) return facts;
  // An issuer has no time of its own.
  const { notBefore, expires } = facts.value;
  const time = notBefore !== undefined ? 'nbf' : expires !== undefined ? 'exp' : undefined;
  if (time !== undefined) return bad(`The member 'attributes.${time}' is not supported here.`);
  const organization = org_details === undefined ? undefined : organizationOf(org_details);
  if (organization?.ok === false) return organization;
  const { account_id, pwd } = credentials.value;
  const value = {
    ...(provider !== undefined && { provider }),
    ...(account_id !== undefined && { accountId: account_id }),
    ...(pwd !== undefined && { password: pwd }),
    ...(organization !== undefined && { organization: organization.value }),
    ...(facts.value.enabled !== undefined && { enabled: facts.value.enabled }),
  };
  return { ok: true, value };
}

function organizationOf(sent: unknown): Outcome<Organization> {
  const members = readMembers(sent, 'org_details.', shapes.organization);
  if (!members.ok) return members;
  const { id, zip, admin_details } = members.value;
  if (zip !== undefined && !Number.isSafeInteger(zip))
    return bad(`org_details.zip is ${zip}; it must be a whole number.`);
  const administrators = admin_details === undefined ? undefined : administratorsOf(admin_details);
  if (administrators?.ok === false) return administrators;
  const value = {
    ...(id !== undefined && { id }),
    ...(zip !== undefined && { zip }),
    ...(administrators !== undefined && { administrators: administrators.value }),
  };
  return { ok: true, value };
}

function administratorsOf(sent: unknown): Outcome<readonly Administrator[]> {
  if (!Array.isArray(sent) || sent.length > administratorsMax) {
    return bad(`org_details.admin_details must be an array of at most ${administratorsMax} persons.`);
  }
  const administrators: Administrator[] = [];
  for (const item of sent) {
    const person = readMembers(item, 'org_details.admin_details[].', shapes.administrator);
    if (!person.ok) return person;
    const { first_name, last_name, email, phone } = person.value;
    administrators.push({
      ...(first_name !== undefined && { firstName: first_name }),
      ...(last_name !== undefined && { lastName: last_name }),
      ...(email !== undefined && { email }),
      ...(phone !== undefined && { phone }),
    });
  }
  return { ok: true, value: administrators };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}

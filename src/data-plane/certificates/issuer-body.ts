import type { Administrator, IssuerParameters, IssuerRecord, Organization } from '../../objects/certificate-issuers.ts';
import { refused } from '../../objects/object.ts';
import type { Outcome } from '../../objects/object.ts';
import { objectParameters } from '../body.ts';
import { readMembers } from '../members.ts';
import type { Call } from '../operation.ts';

const administratorsMax = 100;

/** IssuerBundle. The password stays here. */
export function issuerBundle(call: Call, issuer: IssuerRecord) {
  const { accountId, organization, enabled, created, updated } = issuer;
  return {
    ...issuerItem(call, issuer),
    credentials: accountId === undefined ? {} : { account_id: accountId },
    ...(organization !== undefined && { org_details: organizationBody(organization) }),
    attributes: { enabled, created, updated },
  };
}

/** CertificateIssuerItem of a list. */
export function issuerItem(call: Call, { name, provider }: IssuerRecord) {
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
export function issuerParameters(body: unknown): Outcome<IssuerParameters> {
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

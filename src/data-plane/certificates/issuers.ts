import { deleteIssuer, getIssuer, listIssuers, setIssuer, updateIssuer } from '../../objects/certificates/issuers.ts';
import type { Administrator, IssuerRecord, Organization } from '../../objects/certificates/issuers.ts';
import { accept, breached, wrong } from '../../shape/fault.ts';
import { array, number, object, optional, partial, refine, renamed, string } from '../../shape/shape.ts';
import { attributes, readAs } from '../body.ts';
import type { BodyShape } from '../body.ts';
import { answer, listAnswer, objectName, orRefuse, pageRequest } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';

/** GET /certificates/issuers */
export const getCertificateIssuers: OperationCard = {
  name: 'CertificateIssuersList',
  permission: 'certificates/listissuers',
  method: 'GET',
  path: '/certificates/issuers',
  *run(call) {
    const page = yield* listIssuers(call.vault, pageRequest(call));
    return listAnswer(call, '/certificates/issuers', page, (issuer) => issuerItem(call, issuer));
  },
};

/** GET /certificates/issuers/{name} */
export const getCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerGet',
  permission: 'certificates/getissuers',
  method: 'GET',
  path: '/certificates/issuers/:name',
  *run(call) {
    const { value: issuer } = orRefuse(yield* getIssuer(call.vault, objectName(call)));
    return answer(200, issuerBundle(call, issuer));
  },
};

/** PUT /certificates/issuers/{name} */
export const setCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerSet',
  permission: 'certificates/setissuers',
  method: 'PUT',
  path: '/certificates/issuers/:name',
  *run(call) {
    const { value: issuer, change } = orRefuse(yield* setIssuer(call.vault, askedOf(call)));
    return answer(200, issuerBundle(call, issuer), change);
  },
};

/** PATCH /certificates/issuers/{name}: changes the members that are sent. */
export const updateCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerUpdate',
  permission: 'certificates/setissuers',
  method: 'PATCH',
  path: '/certificates/issuers/:name',
  *run(call) {
    const { value: issuer, change } = orRefuse(yield* updateIssuer(call.vault, askedOf(call)));
    return answer(200, issuerBundle(call, issuer), change);
  },
};

/** DELETE /certificates/issuers/{name} */
export const deleteCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerDelete',
  permission: 'certificates/deleteissuers',
  method: 'DELETE',
  path: '/certificates/issuers/:name',
  *run(call) {
    const { value: issuer, change } = orRefuse(yield* deleteIssuer(call.vault, objectName(call)));
    return answer(200, issuerBundle(call, issuer), change);
  },
};

const administratorsMax = 100;

/** The issuer that the request sets or updates, with its parameters. */
function askedOf(call: Call) {
  return { name: objectName(call), parameters: readAs(sentIssuer, call.body), nowSeconds: call.nowSeconds };
}

/** IssuerBundle. It never has the password. */
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

/** Azure always returns `zip`, 0 when unset. */
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

/** AdministratorDetails */
const administrator = renamed(
  object(partial({ first_name: string, last_name: string, email: string, phone: string })),
  {
    first_name: 'firstName',
    last_name: 'lastName',
  },
);

const administrators: BodyShape<readonly Administrator[]> = (value) =>
  Array.isArray(value) && value.length <= administratorsMax
    ? array(administrator)(value)
    : wrong(value, `an array of at most ${administratorsMax} persons`);

const zip = refine(number, (value) =>
  Number.isSafeInteger(value)
    ? accept(value)
    : breached(value, `org_details.zip is ${value}; it must be a whole number.`),
);

/** IssuerCredentials */
const credentials = renamed(object(partial({ account_id: string, pwd: string })), {
  account_id: 'accountId',
  pwd: 'password',
});

/** OrganizationDetails */
const organizationDetails = renamed(object(partial({ id: string, zip, admin_details: administrators })), {
  admin_details: 'administrators',
});

/** The attributes of an issuer. It has no `nbf` and no `exp`. */
const issuerAttributes = refine(attributes, ({ enabled, notBefore, expires }) => {
  const time = notBefore !== undefined ? 'nbf' : expires !== undefined ? 'exp' : undefined;
  if (time !== undefined) return breached(time, `The member 'attributes.${time}' is not supported here.`);
  return accept({ ...(enabled !== undefined && { enabled }) });
});

/** An issuer as a client sends it to set or update it. */
const sentIssuer = refine(
  object({
    ...partial({ id: string, provider: string, org_details: organizationDetails }),
    credentials: optional(credentials, {}),
    attributes: optional(issuerAttributes, {}),
  }),
  ({ provider, org_details: organization, ...read }) =>
    accept({
      ...(provider !== undefined && { provider }),
      ...read.credentials,
      ...(organization !== undefined && { organization }),
      ...read.attributes,
    }),
);

import type { Administrator, IssuerParameters, IssuerRecord } from '../../objects/certificate-issuers.ts';
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
    ...(organization !== undefined && {
      org_details: {
        ...(organization.id !== undefined && { id: organization.id }),
        admin_details: organization.administrators.map(administratorBody),
      },
    }),
    attributes: { enabled, created, updated },
  };
}

/** CertificateIssuerItem of a list. */
export function issuerItem(call: Call, { name, provider }: IssuerRecord) {
  return { id: `${call.origin}/certificates/issuers/${name}`, provider };
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

function organizationOf(sent: unknown): Outcome<NonNullable<IssuerParameters['organization']>> {
  const members = readMembers(sent, 'org_details.', shapes.organization);
  if (!members.ok) return members;
  const { id, admin_details = [] } = members.value;
  if (!Array.isArray(admin_details) || admin_details.length > administratorsMax) {
    return bad(`org_details.admin_details must be an array of at most ${administratorsMax} persons.`);
  }
  const administrators: Administrator[] = [];
  for (const item of admin_details) {
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
  return { ok: true, value: { ...(id !== undefined && { id }), administrators } };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}

import { identifyClient } from '../client-authentication.ts';
import type { Form } from '../form.ts';
import { refused } from '../refusal.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import { readDelegatedScope } from '../scope.ts';
import { signedInSince } from '../user-authentication.ts';
import { issueUserTokens } from '../user-tokens.ts';
import type { Poll } from '../device-codes.ts';
import type { Grant } from './grant.ts';

const refusals: Readonly<Record<Exclude<Poll['kind'], 'approved'>, AuthorityRefusal>> = {
  pending: { kind: 'deviceCodePending' },
  slowDown: { kind: 'deviceCodeTooFast' },
  expired: { kind: 'deviceCodeExpired' },
  unknown: { kind: 'deviceCodeUnknown' },
};

/** Answers a device without a browser that polls whether its user has signed in elsewhere (RFC 8628 section 3.4). */
export const deviceCode: Grant = async (request, authority) => {
  // Version 1 calls it `code`; MSAL sends both.
  const code = request.form.get('device_code') ?? request.form.get('code');
  if (code === undefined) throw refused({ kind: 'parameterMissing', name: 'device_code' });
  const home = request.tenant ?? authority.homeTenant;
  const { client, method } = await identifyClient({ ...request, tenant: home, resource: '' }, authority);
  const poll = await authority.deviceCodes.poll(code, client.clientId);
  if (poll.kind !== 'approved') throw refused(refusals[poll.kind]);
  const { approval, request: began } = poll;
  const { tenant } = approval;
  if (request.tenant !== undefined && request.tenant !== tenant) {
    throw refused({ kind: 'userNotInTenant', username: approval.userId, tenant: request.tenant });
  }
  const form: Form = new Map([...request.form, ['scope', began.scope]]);
  const scope = readDelegatedScope({ ...request, form, tenant, directory: request.names.graph }, authority);
  const signedIn = await signedInSince(approval, authority);
  const issued = { request, client, method, signedIn, scope };
  return issueUserTokens(issued, authority);
};

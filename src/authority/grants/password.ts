import { identifyClient } from '../client-authentication.ts';
import { readDelegatedScope } from '../scope.ts';
import { authenticateUser } from '../user-authentication.ts';
import { issueUserTokens } from '../user-tokens.ts';
import type { Grant } from './grant.ts';

/** Issues tokens for a user's password (RFC 6749 section 4.3): `az login -u -p`. */
export const password: Grant = async (request, authority) => {
  const { form } = request;
  const tenant = request.tenant ?? authority.homeTenant;
  const username = form.get('username');
  const secret = form.get('password');
  if (username === undefined) return { ok: false, refusal: { kind: 'parameterMissing', name: 'username' } };
  if (secret === undefined) return { ok: false, refusal: { kind: 'parameterMissing', name: 'password' } };
  const asked = readDelegatedScope({ ...request, tenant, directory: request.names.graph }, authority);
  if (!asked.ok) return asked;
  const { scope } = asked;
  const login = await identifyClient({ ...request, tenant, resource: scope.resource }, authority);
  if (!login.ok) return login;
  const user = await authenticateUser({ tenant, username, password: secret, site: request.site }, authority);
  if (!user.ok) return user;
  const { client, method } = login;
  const tokens = await issueUserTokens({ request, client, method, signedIn: user.signedIn, scope }, authority);
  return { ok: true, tokens };
};

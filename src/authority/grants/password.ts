import { identifyClient } from '../client-authentication.ts';
import { refused } from '../refusal.ts';
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
  if (username === undefined) throw refused({ kind: 'parameterMissing', name: 'username' });
  if (secret === undefined) throw refused({ kind: 'parameterMissing', name: 'password' });
  const scope = readDelegatedScope({ ...request, tenant, directory: request.names.graph }, authority);
  const { client, method } = await identifyClient({ ...request, tenant, resource: scope.resource }, authority);
  const signedIn = await authenticateUser({ tenant, username, password: secret, site: request.site }, authority);
  return issueUserTokens({ request, client, method, signedIn, scope }, authority);
};

import { issueAccessToken } from '../access-token.ts';
import { authenticateClient } from '../client-authentication.ts';
import { refused } from '../refusal.ts';
import { readResource } from '../scope.ts';
import type { Grant } from './grant.ts';

/** Issues a token to an application for itself (RFC 6749 section 4.4). */
export const clientCredentials: Grant = async (request, authority) => {
  const { tenant } = request;
  if (tenant === undefined) throw refused({ kind: 'tenantNotNamed' });
  const resource = readResource(request);
  const { client, method } = await authenticateClient({ ...request, tenant, resource }, authority);
  if (!authority.isResource(resource)) throw refused({ kind: 'resourceUnknown', resource, tenant });
  const { objectId, clientId } = client;
  if (objectId === undefined) throw refused({ kind: 'servicePrincipalMissing', clientId, tenant });
  return { access: await issueAccessToken({ client, objectId, method, resource }, authority) };
};

import { issueAccessToken } from '../access-token.ts';
import { authenticateClient } from '../client-authentication.ts';
import { readResource } from '../scope.ts';
import type { Grant } from './grant.ts';

/** Issues a token to an application for itself (RFC 6749 section 4.4). */
export const clientCredentials: Grant = async (request, authority) => {
  const { tenant } = request;
  if (tenant === undefined) return { ok: false, refusal: { kind: 'tenantNotNamed' } };
  const asked = readResource(request);
  if (!asked.ok) return asked;
  const { resource } = asked;
  const login = await authenticateClient({ ...request, tenant, resource }, authority);
  if (!login.ok) return login;
  if (!authority.isResource(resource)) return { ok: false, refusal: { kind: 'resourceUnknown', resource, tenant } };
  const { client, method } = login;
  const { objectId, clientId } = client;
  if (objectId === undefined) return { ok: false, refusal: { kind: 'servicePrincipalMissing', clientId, tenant } };
  return { ok: true, tokens: { access: await issueAccessToken({ client, objectId, method, resource }, authority) } };
};

import { issueAccessToken } from '../access-token.ts';
import { authenticateClient } from '../client-authentication.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { Grant, TokenRequest } from './grant.ts';

const defaultSuffix = '/.default';

/** An application asks for a token of its own (RFC 6749 section 4.4). */
export const clientCredentials: Grant = async (request, authority) => {
  const asked = readResource(request);
  if (!asked.ok) return asked;
  const { resource } = asked;
  const login = await authenticateClient({ ...request, resource }, authority);
  if (!login.ok) return login;
  if (!authority.isResource(resource)) {
    return { ok: false, refusal: { kind: 'resourceUnknown', resource, tenant: request.tenant } };
  }
  return {
    ok: true,
    token: await issueAccessToken({ client: login.client, method: login.method, resource }, authority),
  };
};

type ResourceAnswer =
  { readonly ok: true; readonly resource: string } | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** `resource` at the v1 endpoint; at v2 the one scope without its `/.default`, of which a slash before it is a part. */
function readResource({ endpoint, form }: TokenRequest): ResourceAnswer {
  const name = endpoint === 'v1' ? 'resource' : 'scope';
  const value = form.get(name);
  if (value === undefined) return { ok: false, refusal: { kind: 'parameterMissing', name } };
  if (endpoint === 'v1') return { ok: true, resource: value };
  const [scope = '', ...others] = value.split(' ').filter((part) => part !== '');
  if (others.length > 0) return { ok: false, refusal: { kind: 'scopeOfSeveral', scope: value } };
  if (!scope.endsWith(defaultSuffix) || scope === defaultSuffix) {
    return { ok: false, refusal: { kind: 'scopeNotDefault', scope } };
  }
  return { ok: true, resource: scope.slice(0, -defaultSuffix.length) };
}

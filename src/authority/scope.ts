import type { Form } from './form.ts';
import { refused } from './refusal.ts';
import type { AuthorityServices } from './services.ts';

const defaultSuffix = '/.default';
const delegatedSuffix = '/user_impersonation';

export interface ScopeParameters {
  readonly endpoint: 'v1' | 'v2';
  readonly form: Form;
}

/**
 * The resource: `resource` at the v1 endpoint; at v2 the only scope without `/.default`, keeping any slash before that.
 * @throws {Refused}
 */
export function readResource({ endpoint, form }: ScopeParameters): string {
  const name = endpoint === 'v1' ? 'resource' : 'scope';
  const value = form.get(name);
  if (value === undefined) throw refused({ kind: 'parameterMissing', name });
  if (endpoint === 'v1') return value;
  const [scope = '', ...others] = value.split(' ').filter((part) => part !== '');
  if (others.length > 0) throw refused({ kind: 'scopeOfSeveral', scope: value });
  if (!scope.endsWith(defaultSuffix) || scope === defaultSuffix) throw refused({ kind: 'scopeNotDefault', scope });
  return scope.slice(0, -defaultSuffix.length);
}

/** The scope that a client requests for a user. */
export interface DelegatedScope {
  /** The audience of the access token. */
  readonly resource: string;
  /** Whether an id_token is requested. */
  readonly openid: boolean;
  /** Whether a refresh token is requested. */
  readonly offline: boolean;
}

const reserved: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

export interface DelegatedScopeRequest extends ScopeParameters {
  readonly tenant: string;
  /** The directory's resource, the default. */
  readonly directory: string;
}

/**
 * Reads the scope of a request on a user's behalf: OpenID Connect's scopes, and `/.default` or `/user_impersonation` of one
 * resource. Version 1 has the resource in a separate parameter, and its clients always get a refresh token.
 * @throws {Refused}
 */
export function readDelegatedScope(
  { endpoint, form, tenant, directory }: DelegatedScopeRequest,
  { isResource }: Pick<AuthorityServices, 'isResource'>,
): DelegatedScope {
  const scope = form.get('scope') ?? '';
  const words = scope.split(' ').filter((word) => word !== '');
  const named = endpoint === 'v1' ? form.get('resource') : undefined;
  const resources = new Set(named === undefined ? [] : [named]);
  for (const word of words.filter((other) => !reserved.has(other))) {
    const suffix = [defaultSuffix, delegatedSuffix].find((end) => word.endsWith(end) && word !== end);
    if (suffix === undefined) throw refused({ kind: 'scopeOfSeveral', scope: word });
    if (named === undefined) resources.add(word.slice(0, -suffix.length));
  }
  if (resources.size > 1) throw refused({ kind: 'scopeOfSeveral', scope });
  const [resource = directory] = resources;
  if (!isResource(resource)) throw refused({ kind: 'resourceUnknown', resource, tenant });
  const offline = endpoint === 'v1' || words.includes('offline_access');
  return { resource, openid: words.includes('openid'), offline };
}

/** The scope in the answer, by which MSAL finds the token again. */
export function grantedScope(resource: string): string {
  return `${resource}${delegatedSuffix} ${resource}${defaultSuffix}`;
}

/** The requested scope as a string, for `readDelegatedScope` to read again. */
export function scopeString({ resource, openid, offline }: DelegatedScope): string {
  return [`${resource}${defaultSuffix}`, ...(openid ? ['openid'] : []), ...(offline ? ['offline_access'] : [])].join(
    ' ',
  );
}

import type { Form } from './form.ts';
import type { AuthorityRefusal } from './refusal.ts';
import type { AuthorityServices } from './services.ts';

const defaultSuffix = '/.default';
const delegatedSuffix = '/user_impersonation';

type Refused = { readonly ok: false; readonly refusal: AuthorityRefusal };

export type ResourceAnswer = { readonly ok: true; readonly resource: string } | Refused;

export interface Asked {
  readonly endpoint: 'v1' | 'v2';
  readonly form: Form;
}

/** `resource` at the v1 endpoint; at v2 the one scope without its `/.default`, of which a slash before it is a part. */
export function readResource({ endpoint, form }: Asked): ResourceAnswer {
  const name = endpoint === 'v1' ? 'resource' : 'scope';
  const value = form.get(name);
  if (value === undefined) return refuse({ kind: 'parameterMissing', name });
  if (endpoint === 'v1') return { ok: true, resource: value };
  const [scope = '', ...others] = value.split(' ').filter((part) => part !== '');
  if (others.length > 0) return refuse({ kind: 'scopeOfSeveral', scope: value });
  if (!scope.endsWith(defaultSuffix) || scope === defaultSuffix) return refuse({ kind: 'scopeNotDefault', scope });
  return { ok: true, resource: scope.slice(0, -defaultSuffix.length) };
}

/** What a user's client asks for. */
export interface DelegatedScope {
  /** The audience of the access token. */
  readonly resource: string;
  /** Whether an id_token is wanted. */
  readonly openid: boolean;
  /** Whether a refresh token is wanted. */
  readonly offline: boolean;
}

export type DelegatedScopeAnswer = { readonly ok: true; readonly scope: DelegatedScope } | Refused;

const reserved: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

export interface DelegatedScopeRequest extends Asked {
  readonly tenant: string;
  /** The directory's resource, which is meant where no other is named. */
  readonly directory: string;
}

/**
 * The scope of a request on a user's behalf: OpenID Connect's words, and `/.default` or `/user_impersonation` of one
 * resource. Version 1 names the resource beside it, and its clients always get a refresh token.
 */
export function readDelegatedScope(
  { endpoint, form, tenant, directory }: DelegatedScopeRequest,
  { isResource }: Pick<AuthorityServices, 'isResource'>,
): DelegatedScopeAnswer {
  const scope = form.get('scope') ?? '';
  const words = scope.split(' ').filter((word) => word !== '');
  const named = endpoint === 'v1' ? form.get('resource') : undefined;
  const resources = new Set(named === undefined ? [] : [named]);
  for (const word of words.filter((other) => !reserved.has(other))) {
    const suffix = [defaultSuffix, delegatedSuffix].find((end) => word.endsWith(end) && word !== end);
    if (suffix === undefined) return refuse({ kind: 'scopeOfSeveral', scope: word });
    if (named === undefined) resources.add(word.slice(0, -suffix.length));
  }
  if (resources.size > 1) return refuse({ kind: 'scopeOfSeveral', scope });
  const [resource = directory] = resources;
  if (!isResource(resource)) return refuse({ kind: 'resourceUnknown', resource, tenant });
  return {
    ok: true,
    scope: {
      resource,
      openid: words.includes('openid'),
      offline: endpoint === 'v1' || words.includes('offline_access'),
    },
  };
}

/** The words that answer for a resource, by which MSAL finds the token again. */
export function scopeWords(resource: string): string {
  return `${resource}${delegatedSuffix} ${resource}${defaultSuffix}`;
}

/** The scope in words, from which it can be read again. */
export function scopeText({ resource, openid, offline }: DelegatedScope): string {
  return [`${resource}${defaultSuffix}`, ...(openid ? ['openid'] : []), ...(offline ? ['offline_access'] : [])].join(
    ' ',
  );
}

function refuse(refusal: AuthorityRefusal): Refused {
  return { ok: false, refusal };
}

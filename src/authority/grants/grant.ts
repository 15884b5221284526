import type { AccessToken } from '../access-token.ts';
import type { Form } from '../form.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { Authority } from '../services.ts';

export interface TokenRequest {
  readonly endpoint: 'v1' | 'v2';
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** A tenant that is served, a GUID in lower case; `undefined` for `common` and `organizations`. */
  readonly tenant: string | undefined;
  /** The authority's, under the name set that was asked. */
  readonly origin: string;
  /** Where the request came from, where that is known. */
  readonly address: string | undefined;
  /** What it has in common with its neighbours (`siteOf`). */
  readonly site: string | undefined;
}

export interface Tokens {
  readonly access: AccessToken;
  /** What the access token is good for, where it acts for a user. */
  readonly scope?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly clientInfo?: string;
}

export type GrantAnswer =
  { readonly ok: true; readonly tokens: Tokens } | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** What one `grant_type` does with a token request. */
export type Grant = (request: TokenRequest, authority: Authority) => Promise<GrantAnswer>;

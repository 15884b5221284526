import type { NameSet } from '../../http/host.ts';
import type { AccessToken } from '../access-token.ts';
import type { Form } from '../form.ts';
import type { Authority } from '../services.ts';

export interface TokenRequest {
  readonly endpoint: 'v1' | 'v2';
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The tenant, a GUID in lower case; `undefined` for `common` and `organizations`. */
  readonly tenant: string | undefined;
  /** The authority's origin under the requested name. */
  readonly origin: string;
  readonly names: NameSet;
  /** The address that the request came from, if it is known. */
  readonly address: string | undefined;
  /** The site of that address (`siteOf`). */
  readonly site: string | undefined;
}

export interface Tokens {
  readonly access: AccessToken;
  /** The scope of the access token, if it acts for a user. */
  readonly scope?: string;
  readonly refreshToken?: string;
  readonly idToken?: string;
  readonly clientInfo?: string;
}

/** Handles the token requests with one `grant_type`. It rejects with `Refused` if the request is refused. */
export type Grant = (request: TokenRequest, authority: Authority) => Promise<Tokens>;

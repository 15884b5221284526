import type { AccessToken } from '../access-token.ts';
import type { Form } from '../form.ts';
import type { AuthorityRefusal } from '../refusal.ts';
import type { Authority } from '../world.ts';

export interface TokenRequest {
  readonly endpoint: 'v1' | 'v2';
  readonly form: Form;
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** A tenant that is served: a GUID in lower case. */
  readonly tenant: string;
}

export type GrantAnswer =
  { readonly ok: true; readonly token: AccessToken } | { readonly ok: false; readonly refusal: AuthorityRefusal };

/** What one `grant_type` does with a token request. */
export type Grant = (request: TokenRequest, authority: Authority) => Promise<GrantAnswer>;

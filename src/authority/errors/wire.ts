/** The form of a refusal on the wire, without its message. */
export interface OAuthError {
  readonly status: number;
  /** RFC 6749 section 5.2, and Entra's own `invalid_tenant`, `invalid_instance`, `invalid_resource`. */
  readonly error: string;
  /** The AADSTS code; the endpoints of managed identities have none. */
  readonly code?: number;
}

/** A table with an entry for each kind of a union of refusals. */
export type ErrorsOf<R extends { readonly kind: string }> = {
  readonly [K in R['kind']]: OAuthError & {
    readonly message: (refusal: Extract<R, { readonly kind: K }>) => string;
  };
};

export const badRequest = { status: 400, error: 'invalid_request' };
export const badClient = { status: 401, error: 'invalid_client' };
export const badGrant = { status: 400, error: 'invalid_grant' };

/** A value of the request, shortened and without control characters, because messages are shown on terminals. */
export function shown(value: string): string {
  return value.slice(0, 256).replace(/[^\x20-\x7e]/g, '?');
}

export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

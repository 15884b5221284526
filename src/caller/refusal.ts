/**
 * Why a bearer token was refused, with the values that an edge needs for its own message. It never contains the token
 * or a part of its signature.
 */
export type TokenRefusal =
  /** Not a JWT, or a part or claim of it is missing or of the wrong type. */
  | { readonly kind: 'malformed'; readonly part: TokenPart }
  /** The issuer may not use the header's `alg`. `none` and the HMAC family are never allowed. */
  | { readonly kind: 'unsupportedAlgorithm'; readonly found: string; readonly supported: readonly string[] }
  /** Azure's AKV10046. The issuer has no key with that `kid`, or the token has no `kid` and the issuer has several keys. */
  | { readonly kind: 'unknownKey'; readonly kid: string | undefined }
  /** The issuer's key set could not be fetched. The fault is ours or the issuer's, not the caller's. */
  | { readonly kind: 'keysUnavailable'; readonly issuer: string }
  | { readonly kind: 'wrongSignature' }
  /** Azure's AKV10032. The expected issuers depend on the tenant: `IssuerTable.acceptedFor(tenant)`. */
  | { readonly kind: 'wrongIssuer'; readonly found: string }
  /** An external issuer's token has the id of an object in the directory as its subject. */
  | { readonly kind: 'directoryObject'; readonly issuer: string; readonly objectId: string }
  /** Azure's AKV10022. */
  | { readonly kind: 'wrongAudience'; readonly expected: readonly string[]; readonly found: string }
  /** `expiresAt` and `notBefore` in seconds since 1970. */
  | { readonly kind: 'expired'; readonly expiresAt: number }
  | { readonly kind: 'notYetValid'; readonly notBefore: number };

export type TokenPart = 'token' | 'header' | 'payload' | 'iss' | 'aud' | 'exp' | 'nbf' | 'oid';

/**
 * Why a bearer token was not accepted, with what an edge needs to say so in its own words. Nothing here holds the token
 * or a part of its signature.
 */
export type TokenRefusal =
  /** Not a JWT, or a part or claim of it is missing or of the wrong type. */
  | { readonly kind: 'malformed'; readonly part: TokenPart }
  /** The header's `alg` is none that the issuer may use: `none` and the HMAC family are never among them. */
  | { readonly kind: 'unsupportedAlgorithm'; readonly found: string; readonly supported: readonly string[] }
  /** Azure's AKV10046. The issuer has no key of that `kid`, or the token names none and the issuer has several. */
  | { readonly kind: 'unknownKey'; readonly kid: string | undefined }
  /** The issuer's key set could not be fetched: our trouble or the issuer's, not the caller's. */
  | { readonly kind: 'keysUnavailable'; readonly issuer: string }
  | { readonly kind: 'wrongSignature' }
  /** Azure's AKV10032. What would have been right depends on who is asked: `IssuerTable.acceptedFor(tenant)`. */
  | { readonly kind: 'wrongIssuer'; readonly found: string }
  /** An issuer that the operator added names as its subject an object of the directory, whose the name is. */
  | { readonly kind: 'directoryObject'; readonly issuer: string; readonly objectId: string }
  /** Azure's AKV10022. */
  | { readonly kind: 'wrongAudience'; readonly expected: readonly string[]; readonly found: string }
  /** `expiresAt` and `notBefore` in seconds since 1970. */
  | { readonly kind: 'expired'; readonly expiresAt: number }
  | { readonly kind: 'notYetValid'; readonly notBefore: number };

export type TokenPart = 'token' | 'header' | 'payload' | 'iss' | 'aud' | 'exp' | 'nbf' | 'oid';

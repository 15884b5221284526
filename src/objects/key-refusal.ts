import type { CryptoRefusal, CurveRefusal } from '../types/key.ts';

/** Why a key's rules refuse, besides those of every object. */
export type KeyRefusal =
  | Exclude<CryptoRefusal, CurveRefusal>
  /** `kid` is the id of the key's version. */
  | (CurveRefusal & { readonly kid: string })
  | { readonly kind: 'keyTypeNotSupported'; readonly kty: string }
  | { readonly kind: 'keyOperationForbidden'; readonly operation: string }
  | { readonly kind: 'keyDisabled'; readonly operation: string }
  /** Times in seconds since 1970. */
  | { readonly kind: 'keyNotYetValid'; readonly operation: string; readonly notBefore: number }
  | { readonly kind: 'keyExpired'; readonly operation: string; readonly expires: number }
  | { readonly kind: 'keyManaged'; readonly operation: string }
  | { readonly kind: 'attestationMissing'; readonly operation: string };

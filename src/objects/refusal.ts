import type { Collection } from '../types/collection.ts';
import type { CryptoRefusal, CurveRefusal } from '../types/key.ts';

/** Why an object's rules refuse. */
export type ObjectRefusal =
  | { readonly kind: 'objectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'deletedObjectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'objectDeletedButRecoverable'; readonly collection: Collection; readonly name: string }
  /** A deletion or a purge is under way; the other one: a recovery. `creating`: the name that was to be made anew. */
  | { readonly kind: 'objectBeingDeleted'; readonly collection: Collection; readonly creating?: string }
  | { readonly kind: 'objectBeingRecovered'; readonly collection: Collection; readonly creating?: string }
  | { readonly kind: 'objectDisabled'; readonly collection: Collection }
  | { readonly kind: 'purgeProtected' }
  /** No backup of this server; the other one: one that this vault may not open, or that was changed. */
  | { readonly kind: 'backupNotValid' }
  | { readonly kind: 'backupNotOpened' }
  /** `id` is the name and, behind a slash, the version. */
  | { readonly kind: 'restoreConflict'; readonly collection: Collection; readonly id: string }
  | { readonly kind: 'badParameter'; readonly message: string }
  /** `reason` as Azure has it: `VaultRequestTypeLimitReached`. */
  | { readonly kind: 'throttled'; readonly reason: string; readonly retryAfterSeconds: number }
  | KeyRefusal
  | CertificateRefusal;

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

/** Why a certificate's rules refuse, besides those of every object. */
export type CertificateRefusal =
  | { readonly kind: 'pendingCertificateNotFound'; readonly name: string }
  /** A create or an import, while an operation of that name is under way. */
  | { readonly kind: 'certificatePending' }
  | { readonly kind: 'pendingNotInProgress' }
  /** A merge into an operation whose issuer is at work. */
  | { readonly kind: 'mergeForbidden'; readonly issuer: string }
  | { readonly kind: 'mergeCompleted' }
  /** The name is that of an ordinary key or secret. */
  | { readonly kind: 'certificateNameTaken'; readonly collection: 'keys' | 'secrets'; readonly name: string }
  /** A change of a certificate's own secret. */
  | { readonly kind: 'secretManaged'; readonly operation: string }
  | { readonly kind: 'contactsNotFound' }
  /** `name` where Azure says it. */
  | { readonly kind: 'issuerNotFound'; readonly name?: string };

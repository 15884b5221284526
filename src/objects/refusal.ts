import type { Collection } from '../types/collection.ts';
import type { CryptoRefusal, CurveRefusal } from '../types/key.ts';

/** Why an object's rules refuse a request. */
export type ObjectRefusal =
  | { readonly kind: 'objectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'deletedObjectNotFound'; readonly collection: Collection; readonly name: string }
  | { readonly kind: 'objectDeletedButRecoverable'; readonly collection: Collection; readonly name: string }
  /** A deletion or a purge is in progress; the next one: a recovery. `creating`: the name that was to be created. */
  | { readonly kind: 'objectBeingDeleted'; readonly collection: Collection; readonly creating?: string }
  | { readonly kind: 'objectBeingRecovered'; readonly collection: Collection; readonly creating?: string }
  | { readonly kind: 'objectDisabled'; readonly collection: Collection }
  | { readonly kind: 'purgeProtected' }
  /** Not a backup of this server; the next one: a backup that this vault cannot open, or that was changed. */
  | { readonly kind: 'backupNotValid' }
  | { readonly kind: 'backupNotOpened' }
  /** `id` is the name, a slash and the version. */
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
  /** A create or import while an operation of that name is in progress. */
  | { readonly kind: 'certificatePending' }
  | { readonly kind: 'pendingNotInProgress' }
  /** A merge into an operation whose issuer is at work. */
  | { readonly kind: 'mergeForbidden'; readonly issuer: string }
  | { readonly kind: 'mergeCompleted' }
  /** A key or secret that is not the certificate's has the name. */
  | { readonly kind: 'certificateNameTaken'; readonly collection: 'keys' | 'secrets'; readonly name: string }
  /** A change of a certificate's own secret. */
  | { readonly kind: 'secretManaged'; readonly operation: string }
  | { readonly kind: 'contactsNotFound' }
  /** `name` is present where Azure's message has it. */
  | { readonly kind: 'issuerNotFound'; readonly name?: string };

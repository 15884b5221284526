import type { Collection } from '../types/collection.ts';
import type { CertificateRefusal } from './certificate-refusal.ts';
import type { KeyRefusal } from './key-refusal.ts';

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

import type { Reading } from '../store/records.ts';
import type { Transaction } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { backupCertificate, backupObject, restoreObject } from './backup.ts';
import {
  restoreCertificate,
  deleteCertificate,
  purgeCertificateIfDue,
  purgeCertificate,
  recoverCertificate,
} from './certificates/change.ts';
import { getDeletedCertificate } from './certificates/pending.ts';
import { deleteObject, purgeDeleted, recoverDeleted } from './change.ts';
import { withRotation } from './keys/change.ts';
import type { DeletedOf, Outcome, RecordOf, VaultScope } from './object.ts';
import { purgeIfDue } from './purge.ts';
import type { DuePurge } from './purge.ts';
import { getDeleted } from './read.ts';
import { unmanagedState } from './state.ts';

/** An object and, for a certificate, whether there is an operation of its name. */
type Told<T> = T & { readonly isPending?: boolean };

/** How the objects of a collection are deleted, recovered, purged, backed up and restored. */
export interface LifeCycle<C extends Collection> {
  readonly remove: (
    vault: VaultScope,
    asked: { readonly name: string; readonly nowSeconds: number },
  ) => Reading<Outcome<Told<DeletedOf<C>>>>;
  readonly deleted: (vault: VaultScope, name: string) => Reading<Outcome<Told<DeletedOf<C>>>>;
  readonly recover: (vault: VaultScope, name: string) => Reading<Outcome<Told<RecordOf<C>>>>;
  readonly purge: (vault: VaultScope, name: string) => Reading<Outcome<null>>;
  readonly backup: (vault: VaultScope, name: string) => Reading<Outcome<string>>;
  readonly restore: (vault: VaultScope, blob: string) => Reading<Outcome<RecordOf<C>>>;
  /** Does the purge of a deleted object that is due. */
  readonly due: (
    vault: VaultScope,
    asked: { readonly name: string; readonly clear: (change: Transaction) => Promise<unknown> },
  ) => Reading<DuePurge>;
}

/**
 * The life cycle of secrets and keys that do not belong to a certificate; `back` adds to the change of a recovery or
 * restore.
 */
function unmanaged<C extends 'secrets' | 'keys'>(
  collection: C,
  back: (vault: VaultScope, outcome: Outcome<RecordOf<C>>) => Outcome<RecordOf<C>> = (_, outcome) => outcome,
): LifeCycle<C> {
  return {
    *remove(vault, { name, nowSeconds }) {
      const state = yield* unmanagedState(vault, collection, { name, operation: 'delete' });
      return state.ok ? deleteObject(vault, state.value, nowSeconds) : state;
    },
    deleted: (vault, name) => getDeleted(vault, collection, name),
    *recover(vault, name) {
      const state = yield* unmanagedState(vault, collection, { name, operation: 'recover' });
      return state.ok ? back(vault, recoverDeleted(vault, state.value)) : state;
    },
    *purge(vault, name) {
      const state = yield* unmanagedState(vault, collection, { name, operation: 'purge' });
      return state.ok ? yield* purgeDeleted(vault, state.value) : state;
    },
    *backup(vault, name) {
      const state = yield* unmanagedState(vault, collection, { name, operation: 'backup' });
      return state.ok ? yield* backupObject(vault, state.value) : state;
    },
    *restore(vault, blob) {
      return back(vault, yield* restoreObject(vault, collection, blob));
    },
    due: (vault, asked) => purgeIfDue(vault, collection, asked),
  };
}

/** The life of the objects of each collection. */
export const lifeCycles: { readonly [C in Collection]: LifeCycle<C> } = {
  secrets: unmanaged('secrets'),
  keys: unmanaged('keys', withRotation),
  certificates: {
    remove: deleteCertificate,
    deleted: getDeletedCertificate,
    recover: recoverCertificate,
    purge: purgeCertificate,
    backup: backupCertificate,
    restore: restoreCertificate,
    due: purgeCertificateIfDue,
  },
};

import { dueKey, duePut } from '../schedule/due.ts';
import { get, list, recordPut, wait } from '../store/records.ts';
import type { Reading, Stored } from '../store/records.ts';
import type { Put, Transaction } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { isPurged, objectKeys } from './object.ts';
import type { DeletedObjectRecord, DeletedOf, ObjectVersion, PurgedObject, VaultScope } from './object.ts';

/** The most versions that one transaction deletes. */
const batch = 250;

type Deleted = Pick<DeletedObjectRecord<ObjectVersion>, 'name' | 'scheduledPurgeDate'>;

/** The due record of a deleted object's purge at the end of its retention; its deletion puts it. */
export function scheduledPurge(vault: VaultScope, collection: Collection, object: Deleted): Put {
  return duePut('purgeObject', object.scheduledPurgeDate * 1000, subjectOf(vault, collection, object.name));
}

/** The key of that record; a recovery deletes it. */
export function scheduledPurgeKey(vault: VaultScope, collection: Collection, object: Deleted): string {
  return dueKey('purgeObject', object.scheduledPurgeDate * 1000, subjectOf(vault, collection, object.name));
}

/**
 * Destroys a deleted object and its versions: in this change, or, if they are many, in batches. A tombstone reserves
 * the name for as long as a purge takes on Azure (azure-sdk-for-net#34322), and until the last version is gone, because
 * a new object of that name would have its versions under the same keys.
 */
export function* purgeObject<C extends Collection>(
  vault: VaultScope,
  collection: C,
  { version, value: object }: Pick<Stored<DeletedOf<C>>, 'version' | 'value'>,
): Reading<Transaction> {
  const keys = objectKeys(vault, collection);
  const key = keys.deleted(object.name);
  const older = yield* list({ prefix: keys.versions(object.name), limit: batch + 1 });
  const require = [...vault.require, { key, version }];
  const scheduled = scheduledPurgeKey(vault, collection, object);
  const versions = older.length <= batch ? older.map((record) => record.key) : [];
  const isWhole = older.length <= batch && vault.transitionMs === 0;
  if (isWhole) return { require, delete: [key, ...versions, scheduled] };
  const tombstone: PurgedObject = { name: object.name, purged: true };
  const clearing = duePut('purgeObject', vault.nowMs + vault.transitionMs, subjectOf(vault, collection, object.name));
  return {
    require,
    put: [recordPut(key, tombstone), clearing],
    // If the purge was due in this very millisecond, both records have the same key.
    delete: scheduled === clearing.key ? versions : [...versions, scheduled],
  };
}

export type DuePurge =
  { readonly done: 'nothing' } | { readonly done: 'purged' | 'cleared'; readonly change: Transaction };

/**
 * Does the purge of an object if it is due: purges it, or deletes what an earlier purge left. Nothing if it was
 * recovered meanwhile, even if it was deleted again. Purge protection does not prevent it: it only prevents purging
 * before the retention is over. If there are many versions, all batches but the last are given to `clear`, one after
 * another.
 */
export function* purgeIfDue(
  vault: VaultScope,
  collection: Collection,
  { name, clear }: { readonly name: string; readonly clear: (change: Transaction) => Promise<unknown> },
): Reading<DuePurge> {
  const [deleted] = yield* get(objectKeys(vault, collection).deleted(name));
  if (deleted === undefined) return { done: 'nothing' };
  const { key, version, value } = deleted;
  if (isPurged(value)) {
    const require = [{ key, version }];
    const prefix = objectKeys(vault, collection).versions(value.name);
    for (;;) {
      const older = (yield* list({ prefix, limit: batch })).map((record) => record.key);
      if (older.length < batch) return { done: 'cleared', change: { require, delete: [...older, key] } };
      yield* wait(clear({ require, delete: older }));
    }
  }
  if (value.scheduledPurgeDate * 1000 > vault.nowMs) return { done: 'nothing' };
  // No client has requested it, so none waits for its end.
  const change = yield* purgeObject({ ...vault, transitionMs: 0 }, collection, { version, value });
  return { done: 'purged', change };
}

function subjectOf({ name: vault, incarnation }: VaultScope, collection: Collection, name: string) {
  return { vault, incarnation, collection, name };
}

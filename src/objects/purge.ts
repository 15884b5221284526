import { dueKey, duePut } from '../schedule/due.ts';
import { decode, encode } from '../store/store.ts';
import type { Put, StoredRecord, Transaction } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { objectKeys } from './object.ts';
import type { DeletedObjectRecord, ObjectVersion, VaultScope } from './object.ts';
import type { PurgedObject } from './transition.ts';

/** How many versions go in one transaction. */
const batch = 250;

type Deleted = Pick<DeletedObjectRecord<ObjectVersion>, 'name' | 'scheduledPurgeDate'>;

/** The purge of a deleted object when its retention is over: what its deletion puts. */
export function scheduledPurge(vault: VaultScope, collection: Collection, object: Deleted): Put {
  return duePut('purgeObject', object.scheduledPurgeDate * 1000, subjectOf(vault, collection, object.name));
}

/** The key of that, which its recovery deletes. */
export function scheduledPurgeKey(vault: VaultScope, collection: Collection, object: Deleted): string {
  return dueKey('purgeObject', object.scheduledPurgeDate * 1000, subjectOf(vault, collection, object.name));
}

/**
 * Destroys a deleted object and its versions: in this change, or, where they are many, in batches. A tombstone keeps its
 * name as long as a purge takes on Azure (azure-sdk-for-net#34322), and until the last of them is gone, for a new object
 * of that name would have its versions in the same place.
 */
export async function purgeObject(
  vault: VaultScope,
  collection: Collection,
  deleted: StoredRecord,
): Promise<Transaction> {
  const object = decode<DeletedObjectRecord<ObjectVersion>>(deleted);
  const prefix = objectKeys(vault, collection).versions(object.name);
  const older = await vault.store.list({ prefix, limit: batch + 1 });
  const require = [...vault.require, { key: deleted.key, version: deleted.version }];
  const scheduled = scheduledPurgeKey(vault, collection, object);
  const versions = older.length <= batch ? older.map(({ key }) => key) : [];
  const isWhole = older.length <= batch && vault.transitionMs === 0;
  if (isWhole) return { require, delete: [deleted.key, ...versions, scheduled] };
  const tombstone: PurgedObject = { name: object.name, purged: true };
  const clearing = duePut('purgeObject', vault.now + vault.transitionMs, subjectOf(vault, collection, object.name));
  return {
    require,
    put: [{ key: deleted.key, value: encode(tombstone) }, clearing],
    // Cleared in the very millisecond in which it was to be purged: the one record is the other.
    delete: scheduled === clearing.key ? versions : [...versions, scheduled],
  };
}

/**
 * What is to be changed for an object whose purge is due: to purge it, or, where that was done, to clear what it left.
 * Nothing for one that was recovered meanwhile, also when it was deleted again. Purge protection does not hold this purge
 * up: it keeps people from purging before the retention is over.
 */
export async function dueOfObject(
  vault: VaultScope,
  collection: Collection,
  name: string,
): Promise<{ readonly done: 'nothing' } | { readonly done: 'purged' | 'cleared'; readonly change: Transaction }> {
  const [deleted] = await vault.store.read({ get: [objectKeys(vault, collection).deleted(name)] });
  if (deleted === undefined) return { done: 'nothing' };
  const object = decode<DeletedObjectRecord<ObjectVersion> | PurgedObject>(deleted);
  if ('purged' in object) return { done: 'cleared', change: await clear(vault, collection, deleted) };
  if (object.scheduledPurgeDate * 1000 > vault.now) return { done: 'nothing' };
  // Nobody has asked for it, and so nobody waits for its end.
  return { done: 'purged', change: await purgeObject({ ...vault, transitionMs: 0 }, collection, deleted) };
}

/** Deletes batch after batch of what a purged object left, and returns the last one, with the tombstone. */
async function clear(vault: VaultScope, collection: Collection, tombstone: StoredRecord): Promise<Transaction> {
  const { name } = decode<PurgedObject>(tombstone);
  const prefix = objectKeys(vault, collection).versions(name);
  const require = [{ key: tombstone.key, version: tombstone.version }];
  for (;;) {
    const older = (await vault.store.list({ prefix, limit: batch })).map(({ key }) => key);
    if (older.length < batch) return { require, delete: [...older, tombstone.key] };
    await vault.store.transact({ require, delete: older });
  }
}

function subjectOf({ name: vault, incarnation }: VaultScope, collection: Collection, name: string) {
  return { vault, incarnation, collection, name };
}

import { decode, encode } from '../store/store.ts';
import type { Put, Requirement, StoredRecord } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { objectKeys, refused } from './object.ts';
import type { DeletedObjectRecord, ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';
import { purgeObject, scheduledPurge, scheduledPurgeKey } from './purge.ts';
import { isPurged, transition, underWay } from './transition.ts';
import type { ObjectState } from './transition.ts';

const daySeconds = 86_400;

/** Makes `version` the current version of an object, which is created if need be; the version before moves to the older ones. */
export async function addVersion<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  added: { readonly name: string; readonly version: V },
): Promise<Outcome<ObjectRecord<V>>> {
  const keys = objectKeys(vault, collection);
  const { current, deleted } = await stateOf(vault, collection, added.name);
  const refusal = underWay(vault, collection, { current, deleted, creating: added.name });
  if (refusal !== undefined) return refused(refusal);
  if (deleted !== undefined) return refused({ kind: 'objectDeletedButRecoverable', collection, name: added.name });
  const before = current === undefined ? undefined : decode<ObjectRecord<V>>(current);
  const object = { name: before?.name ?? added.name, current: added.version };
  const put: Put[] = [{ key: keys.current(added.name), value: encode(object) }];
  if (before !== undefined) {
    put.push({ key: keys.version(added.name, before.current.version), value: encode(before.current) });
  }
  const require = [
    ...vault.require,
    state(keys.current(added.name), current),
    state(keys.deleted(added.name), deleted),
  ];
  return { ok: true, value: object, change: { require, put } };
}

/** Changes one version in place (`update`); without `version` the current one. `change` may refuse what would come of it. */
export async function changeVersion<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  changed: { readonly name: string; readonly version?: string | undefined; readonly change: (before: V) => Outcome<V> },
): Promise<Outcome<ObjectRecord<V>>> {
  const keys = objectKeys(vault, collection);
  const get = [keys.current(changed.name), keys.deleted(changed.name)];
  if (changed.version !== undefined) get.push(keys.version(changed.name, changed.version));
  const [current, deleted, older] = await vault.store.read({ require: vault.require, get });
  const refusal = underWay(vault, collection, { current, deleted });
  if (refusal !== undefined) return refused(refusal);
  if (current !== undefined) {
    const object = decode<ObjectRecord<V>>(current);
    const isCurrent = changed.version === undefined || object.current.version === changed.version.toLowerCase();
    const record = isCurrent ? current : older;
    if (record !== undefined) {
      const version = changed.change(isCurrent ? object.current : decode<V>(record));
      if (!version.ok) return version;
      const value = { name: object.name, current: version.value };
      const require = [...vault.require, state(current.key, current)];
      if (!isCurrent) require.push(state(record.key, record));
      const put = [{ key: record.key, value: encode(isCurrent ? value : version.value) }];
      return { ok: true, value, change: { require, put } };
    }
  }
  const id = changed.version === undefined ? changed.name : `${changed.name}/${changed.version}`;
  return refused({ kind: 'objectNotFound', collection, name: id });
}

/**
 * Soft-deletes an object: its name stays taken until it is recovered or purged, which it is by itself when the retention
 * is over. `now` in seconds.
 */
export async function deleteObject<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  asked: { readonly name: string; readonly now: number },
): Promise<Outcome<DeletedObjectRecord<V>>> {
  const { current, deleted } = await stateOf(vault, collection, asked.name);
  const refusal = underWay(vault, collection, { current, deleted });
  if (refusal !== undefined) return refused(refusal);
  if (current === undefined) return refused({ kind: 'objectNotFound', collection, name: asked.name });
  const object = decode<ObjectRecord<V>>(current);
  const value: DeletedObjectRecord<V> = {
    name: object.name,
    current: object.current,
    deletedDate: asked.now,
    scheduledPurgeDate: asked.now + vault.softDeleteRetentionInDays * daySeconds,
    ...transition(vault),
  };
  const key = objectKeys(vault, collection).deleted(asked.name);
  const change = {
    require: [...vault.require, state(current.key, current)],
    put: [{ key, value: encode(value) }, scheduledPurge(vault, collection, value)],
    delete: [current.key],
  };
  return { ok: true, value, change };
}

/** Puts a soft-deleted object back, with all its versions. */
export async function recoverDeleted<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  name: string,
): Promise<Outcome<ObjectRecord<V>>> {
  const { current, deleted } = await stateOf(vault, collection, name);
  const refusal = underWay(vault, collection, { current, deleted });
  if (refusal !== undefined) return refused(refusal);
  if (deleted === undefined || isPurged(deleted)) return refused({ kind: 'deletedObjectNotFound', collection, name });
  const object = decode<DeletedObjectRecord<V>>(deleted);
  const value = { name: object.name, current: object.current, ...transition(vault) };
  const change = {
    require: [...vault.require, state(deleted.key, deleted)],
    put: [{ key: objectKeys(vault, collection).current(name), value: encode(value) }],
    delete: [deleted.key, scheduledPurgeKey(vault, collection, object)],
  };
  return { ok: true, value, change };
}

/** Destroys a soft-deleted object and all its versions. */
export async function purgeDeleted(vault: VaultScope, collection: Collection, name: string): Promise<Outcome<null>> {
  const { current, deleted } = await stateOf(vault, collection, name);
  const refusal = underWay(vault, collection, { current, deleted });
  if (refusal !== undefined) return refused(refusal);
  if (deleted === undefined || isPurged(deleted)) return refused({ kind: 'deletedObjectNotFound', collection, name });
  if (vault.purgeProtection) return refused({ kind: 'purgeProtected' });
  return { ok: true, value: null, change: await purgeObject(vault, collection, deleted) };
}

async function stateOf(vault: VaultScope, collection: Collection, name: string): Promise<ObjectState> {
  const keys = objectKeys(vault, collection);
  const get = [keys.current(name), keys.deleted(name)];
  const [current, deleted] = await vault.store.read({ require: vault.require, get });
  return { current, deleted };
}

function state(key: string, record: StoredRecord | undefined): Requirement {
  return { key, version: record?.version ?? null };
}

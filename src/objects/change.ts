import { recordPut } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { Put } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { isPurged, objectKeys, refused, transition } from './object.ts';
import type { CurrentOf, DeletedOf, ObjectRecord, Outcome, RecordOf, VaultScope, VersionOf } from './object.ts';
import { purgeObject, scheduledPurge, scheduledPurgeKey } from './purge.ts';
import { requireUnchanged, creationRefusal, transitionRefusal } from './state.ts';
import type { ObjectState } from './state.ts';

const daySeconds = 86_400;

/**
 * Makes `version` the current version of an object, which is created if need be; the version before becomes an older
 * one.
 */
export function addVersion<C extends Collection>(
  vault: VaultScope,
  state: ObjectState<C>,
  version: CurrentOf<C>,
): Outcome<RecordOf<C>> {
  const refusal = creationRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  const before = state.current?.value;
  const keys = objectKeys(vault, state.collection);
  const value: RecordOf<C> = { name: before?.name ?? state.name, current: version };
  const put: Put[] = [recordPut(keys.current(state.name), value)];
  if (before !== undefined) put.push(recordPut(keys.version(state.name, before.current.version), before.current));
  return { ok: true, value, change: { require: state.require, put } };
}

/** Changes the requested version in place (`update`). `change` may refuse. */
export function changeVersion<C extends Collection>(
  vault: VaultScope,
  state: ObjectState<C>,
  change: <V extends VersionOf<C>>(before: V) => Outcome<V>,
): Outcome<ObjectRecord<VersionOf<C>>> {
  const { collection, name, current, older } = state;
  const isCurrent = state.version === undefined || current?.value.current.version === state.version.toLowerCase();
  if (isCurrent) return changeCurrent(vault, state, change);
  const refusal = transitionRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  if (current === undefined || older === undefined) {
    return refused({ kind: 'objectNotFound', collection, name: `${name}/${state.version}` });
  }
  const version = change(older.value);
  if (!version.ok) return version;
  const value = { name: current.value.name, current: version.value };
  const require = [...state.require, requireUnchanged(older.key, older)];
  return { ok: true, value, change: { require, put: [recordPut(older.key, version.value)] } };
}

/** The same for the current version. */
export function changeCurrent<C extends Collection>(
  vault: VaultScope,
  state: ObjectState<C>,
  change: (before: CurrentOf<C>) => Outcome<CurrentOf<C>>,
): Outcome<RecordOf<C>> {
  const { collection, name, current } = state;
  const refusal = transitionRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  if (current === undefined) {
    const id = state.version === undefined ? name : `${name}/${state.version}`;
    return refused({ kind: 'objectNotFound', collection, name: id });
  }
  const version = change(current.value.current);
  if (!version.ok) return version;
  const value: RecordOf<C> = { name: current.value.name, current: version.value };
  return { ok: true, value, change: { require: state.require, put: [recordPut(current.key, value)] } };
}

/**
 * Soft-deletes an object: its name stays taken until it is recovered or purged, which happens by itself at the end of
 * the retention.
 */
export function deleteObject<C extends Collection>(
  vault: VaultScope,
  state: ObjectState<C>,
  nowSeconds: number,
): Outcome<DeletedOf<C>> {
  const { collection, name, current } = state;
  const refusal = transitionRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  if (current === undefined) return refused({ kind: 'objectNotFound', collection, name });
  const value: DeletedOf<C> = {
    name: current.value.name,
    current: current.value.current,
    deletedDate: nowSeconds,
    scheduledPurgeDate: nowSeconds + vault.softDeleteRetentionInDays * daySeconds,
    ...transition(vault),
  };
  const change = {
    require: state.require,
    put: [recordPut(objectKeys(vault, collection).deleted(name), value), scheduledPurge(vault, collection, value)],
    delete: [current.key],
  };
  return { ok: true, value, change };
}

/** Recovers a soft-deleted object with all its versions. */
export function recoverDeleted<C extends Collection>(vault: VaultScope, state: ObjectState<C>): Outcome<RecordOf<C>> {
  const { collection, name, deleted } = state;
  const refusal = transitionRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  if (deleted === undefined || isPurged(deleted.value)) {
    return refused({ kind: 'deletedObjectNotFound', collection, name });
  }
  const value: RecordOf<C> = { name: deleted.value.name, current: deleted.value.current, ...transition(vault) };
  const change = {
    require: state.require,
    put: [recordPut(objectKeys(vault, collection).current(name), value)],
    delete: [deleted.key, scheduledPurgeKey(vault, collection, deleted.value)],
  };
  return { ok: true, value, change };
}

/** Destroys a soft-deleted object and all its versions. */
export function* purgeDeleted<C extends Collection>(vault: VaultScope, state: ObjectState<C>): Reading<Outcome<null>> {
  const { collection, name, deleted } = state;
  const refusal = transitionRefusal(vault, state);
  if (refusal !== undefined) return refused(refusal);
  if (deleted === undefined || isPurged(deleted.value)) {
    return refused({ kind: 'deletedObjectNotFound', collection, name });
  }
  if (vault.purgeProtection) return refused({ kind: 'purgeProtected' });
  const { version, value } = deleted;
  const change = yield* purgeObject(vault, collection, { version, value });
  return { ok: true, value: null, change };
}

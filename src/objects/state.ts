import { get } from '../store/records.ts';
import type { Reading, Stored } from '../store/records.ts';
import type { Requirement } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { isPurged, isVisible, objectKeys, refused } from './object.ts';
import type { DeletedOf, Outcome, PurgedObject, RecordOf, VaultScope, VersionOf } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';

/** The records of one name, read in one snapshot. Every change of an object is made from them. */
export interface ObjectState<C extends Collection> {
  readonly collection: C;
  /** As they were requested; without a version, the current one is meant. */
  readonly name: string;
  readonly version?: string | undefined;
  /** At most one of the two exists. */
  readonly current: Stored<RecordOf<C>> | undefined;
  readonly deleted: Stored<DeletedOf<C> | PurgedObject> | undefined;
  /** The requested version, unless it is the current one. */
  readonly older?: Stored<VersionOf<C>> | undefined;
  /** Requires that all of them stay unchanged. */
  readonly require: readonly Requirement[];
}

/** Requires that a record stays as it was read. */
export function requireUnchanged(key: string, record: { readonly version: string } | undefined): Requirement {
  return { key, version: record?.version ?? null };
}

/** The state of a secret or key, if `operation` may change it. One that belongs to a certificate may not be changed. */
export function* unmanagedState<C extends 'secrets' | 'keys'>(
  vault: VaultScope,
  collection: C,
  asked: { readonly name: string; readonly version?: string | undefined; readonly operation: string },
): Reading<Outcome<ObjectState<C>>> {
  const { name, version, operation } = asked;
  const keys = objectKeys(vault, collection);
  const [currentKey, deletedKey] = [keys.current(name), keys.deleted(name)];
  // The name of a certificate that is not issued yet is also taken.
  const certificateKey = objectKeys(vault, 'certificates').current(name);
  const versionKey = version === undefined ? [] : [keys.version(name, version)];
  const [current, deleted, certificate, older] = yield* get(currentKey, deletedKey, certificateKey, ...versionKey);
  // Only the name is left of a purged object, for a while.
  const object = current?.value ?? (deleted === undefined || isPurged(deleted.value) ? undefined : deleted.value);
  if (object?.current.managed === true || certificate !== undefined) {
    return refused({ kind: collection === 'keys' ? 'keyManaged' : 'secretManaged', operation });
  }
  const require = [
    ...vault.require,
    requireUnchanged(currentKey, current),
    requireUnchanged(deletedKey, deleted),
    requireUnchanged(certificateKey, certificate),
  ];
  return { ok: true, value: { collection, name, version, current, deleted, older, require } };
}

/** Why a version cannot be made under this name now; `undefined` if it can. */
export function creationRefusal<C extends Collection>(
  vault: VaultScope,
  state: ObjectState<C>,
): ObjectRefusal | undefined {
  const { collection, name, deleted } = state;
  const refusal = transitionRefusal(vault, state, name);
  if (refusal !== undefined) return refusal;
  return deleted === undefined ? undefined : { kind: 'objectDeletedButRecoverable', collection, name };
}

/**
 * Why nothing can be changed at the moment; `undefined` when no transition is in progress. `creating` is the name of an
 * object to be created, for which a purged object still counts; for all other operations it is gone.
 */
export function transitionRefusal<C extends Collection>(
  vault: VaultScope,
  { collection, current, deleted }: Pick<ObjectState<C>, 'collection' | 'current' | 'deleted'>,
  creating?: string,
): ObjectRefusal | undefined {
  const made = creating === undefined ? {} : { creating };
  const gone = deleted?.value;
  if (gone !== undefined && !isVisible(gone, vault) && (creating !== undefined || !isPurged(gone))) {
    return { kind: 'objectBeingDeleted', collection, ...made };
  }
  if (current !== undefined && !isVisible(current.value, vault)) {
    return { kind: 'objectBeingRecovered', collection, ...made };
  }
  return undefined;
}

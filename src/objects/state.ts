import { get } from '../store/records.ts';
import type { Reading, Stored } from '../store/records.ts';
import type { Requirement } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { isPurged, isVisible, objectKeys, refused } from './object.ts';
import type { DeletedOf, Outcome, PurgedObject, RecordOf, VaultScope, VersionOf } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';

/** The records of one name, as they were read in one snapshot: what every change of an object is made from. */
export interface ObjectState<C extends Collection> {
  readonly collection: C;
  /** As they were asked for; without a version, the current one is meant. */
  readonly name: string;
  readonly version?: string | undefined;
  /** One of the two at most exists. */
  readonly current: Stored<RecordOf<C>> | undefined;
  readonly deleted: Stored<DeletedOf<C> | PurgedObject> | undefined;
  /** The version that was asked for, unless it is the current one. */
  readonly older?: Stored<VersionOf<C>> | undefined;
  /** That everything stays as it was seen. */
  readonly require: readonly Requirement[];
}

/** The requirement that a record stays as it was seen. */
export function asSeen(key: string, record: { readonly version: string } | undefined): Requirement {
  return { key, version: record?.version ?? null };
}

/** The state of a secret or a key that `operation` may change: that of a certificate it may not. */
export function* unmanagedState<C extends 'secrets' | 'keys'>(
  vault: VaultScope,
  collection: C,
  asked: { readonly name: string; readonly version?: string | undefined; readonly operation: string },
): Reading<Outcome<ObjectState<C>>> {
  const { name, version, operation } = asked;
  const keys = objectKeys(vault, collection);
  const [currentKey, deletedKey] = [keys.current(name), keys.deleted(name)];
  // The name of a certificate that is not issued yet is taken, too.
  const certificateKey = objectKeys(vault, 'certificates').current(name);
  const versionKey = version === undefined ? [] : [keys.version(name, version)];
  const [current, deleted, certificate, older] = yield* get(currentKey, deletedKey, certificateKey, ...versionKey);
  // Of a deleted object that was purged, only the name is left for a while.
  const object = current?.value ?? (deleted === undefined || isPurged(deleted.value) ? undefined : deleted.value);
  if (object?.current.managed === true || certificate !== undefined) {
    return refused({ kind: collection === 'keys' ? 'keyManaged' : 'secretManaged', operation });
  }
  const require = [
    ...vault.require,
    asSeen(currentKey, current),
    asSeen(deletedKey, deleted),
    asSeen(certificateKey, certificate),
  ];
  return { ok: true, value: { collection, name, version, current, deleted, older, require } };
}

/** Why no version can be made under this name now; `undefined` when one can. */
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
 * Why nothing can be changed at the moment; `undefined` when no transition is under way. `creating` is the name of what
 * would be made, where that is what was asked for: to all others, what was purged is gone.
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

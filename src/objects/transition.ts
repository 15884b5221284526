import { decode } from '../store/store.ts';
import type { StoredRecord } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import type { VaultScope } from './object.ts';
import type { ObjectRefusal } from './refusal.ts';

/**
 * Deletions and recoveries take a moment, as on Azure, whose clients poll for their end: meanwhile the object is to be
 * seen neither here nor there, and every change of it is refused. Nothing has to happen for them to end: the record says
 * when that is, and the rest is a comparison with the clock.
 */
export interface Transition {
  /** When the deletion or recovery that made this record is complete, in milliseconds since 1970; absent: at once. */
  readonly completeAt?: number;
}

/** What keeps the name of a deleted object that was purged: for a moment, and until all of its versions are gone. */
export interface PurgedObject {
  readonly name: string;
  readonly purged: true;
}

/** The transition that begins now. */
export function transition({ transitionMs, now }: VaultScope): Transition {
  return transitionMs === 0 ? {} : { completeAt: now + transitionMs };
}

/** Whether an object, living or deleted, is to be seen where its record stands. */
export function isThere<T extends Transition>(record: T | PurgedObject, { now }: VaultScope): record is T {
  return !('purged' in record) && (record.completeAt ?? 0) <= now;
}

/** Whether nothing but the name is left of a deleted object. */
export function isPurged(deleted: StoredRecord): boolean {
  return 'purged' in decode<Transition | PurgedObject>(deleted);
}

/** The records of one name, of which one at most exists. */
export interface ObjectState {
  readonly current: StoredRecord | undefined;
  readonly deleted: StoredRecord | undefined;
}

/**
 * Why nothing can be changed at the moment; `undefined` when no transition is under way. `creating` is the name of what
 * would be made, where that is what was asked for: to all others, what was purged is gone.
 */
export function underWay(
  vault: VaultScope,
  collection: Collection,
  { current, deleted, creating }: ObjectState & { readonly creating?: string },
): ObjectRefusal | undefined {
  const made = creating === undefined ? {} : { creating };
  const gone = deleted === undefined ? undefined : decode<Transition | PurgedObject>(deleted);
  if (gone !== undefined && !isThere(gone, vault) && (creating !== undefined || !('purged' in gone))) {
    return { kind: 'objectBeingDeleted', collection, ...made };
  }
  if (current !== undefined && !isThere(decode<Transition>(current), vault)) {
    return { kind: 'objectBeingRecovered', collection, ...made };
  }
  return undefined;
}

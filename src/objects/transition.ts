import type { VaultScope } from './object.ts';

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
export function transition({ transitionMs, nowMs }: VaultScope): Transition {
  return transitionMs === 0 ? {} : { completeAt: nowMs + transitionMs };
}

/** Whether an object, living or deleted, is to be seen where its record is. */
export function isVisible<T extends Transition>(record: T | PurgedObject, { nowMs }: VaultScope): record is T {
  return !isPurged(record) && (record.completeAt ?? 0) <= nowMs;
}

/** Whether nothing but the name is left of a deleted object. */
export function isPurged(deleted: Transition | PurgedObject): deleted is PurgedObject {
  return 'purged' in deleted;
}

/** A lock of the resource manager at a scope, in force there and below. */
export interface Lock {
  readonly name: string;
  /** ARM id as it was sent. */
  readonly scope: string;
  /** `ReadOnly` prevents changes and deletion, `CanNotDelete` only deletion. */
  readonly level: LockLevel;
  readonly notes?: string;
}

export type LockLevel = 'CanNotDelete' | 'ReadOnly';

/**
 * All locks of a subscription, under `locksKey`: one record, so that a change that a new lock forbids conflicts with
 * it.
 */
export interface LocksRecord {
  readonly locks: readonly Lock[];
}

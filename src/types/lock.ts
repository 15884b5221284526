/** A lock of the resource manager at a scope, in force there and below. */
export interface Lock {
  readonly name: string;
  /** ARM id as it was sent. */
  readonly scope: string;
  /** `ReadOnly` keeps from changes and deletion, `CanNotDelete` from deletion only. */
  readonly level: LockLevel;
  readonly notes?: string;
}

export type LockLevel = 'CanNotDelete' | 'ReadOnly';

/** Every lock of a subscription, under `locksKey`: one record, so that what a lock forbids cannot happen beside it. */
export interface LocksRecord {
  readonly locks: readonly Lock[];
}

import { isWithin } from '../../access/role-assignments.ts';
import { choice, object, optional, string } from '../../shape/shape.ts';
import type { Key } from '../../store/keys.ts';
import { readAtOnce, readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Requirement, Store, Transaction } from '../../store/store.ts';
import type { Lock, LocksRecord } from '../../types/lock.ts';
import { locksKey } from '../keys.ts';
import type { Scope } from '../keys.ts';
import { readAt, refuseResource, unsupported } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { requireScope } from './scope.ts';

/** Azure's limit for a scope (azure-subscription-service-limits). */
const locksOfScopeMax = 20;

/** The locks of a subscription, and the version at which they were read. */
export interface Locks {
  readonly locks: readonly Lock[];
  readonly requirement: Requirement & { readonly key: Key<LocksRecord> };
}

/** The `properties` of a lock in a request. */
const requestedLock = object({
  owners: optional(unsupported),
  level: choice(['CanNotDelete', 'ReadOnly']),
  notes: optional(string),
});

export async function readLocks(store: Pick<Store, 'read'>, subscriptionId: string): Promise<Locks> {
  const key = locksKey(subscriptionId);
  const [record] = await readRecords(store, { get: [key] });
  return locksIn(key, record);
}

/** The same, as a value if nothing has to be waited for. */
export function readLocksNow(store: Pick<Store, 'readMany'>, subscriptionId: string): Locks | Promise<Locks> {
  const key = locksKey(subscriptionId);
  const read = readAtOnce(store, { get: [key] });
  return read instanceof Promise ? read.then(([record]) => locksIn(key, record)) : locksIn(key, read[0]);
}

function locksIn(key: Key<LocksRecord>, record: Stored<LocksRecord> | undefined): Locks {
  return { locks: record?.value.locks ?? [], requirement: { key, version: record?.version ?? null } };
}

/**
 * The scopes whose locks forbid an operation on a resource (lock-resources): a lock holds at its scope and below, and a
 * deletion also deletes what is below. `scope` in lower case.
 */
export function lockedScopes(
  locks: readonly Lock[],
  { operation, scope }: { readonly operation: 'write' | 'delete'; readonly scope: string },
): readonly string[] {
  return locks
    .filter((lock) => {
      const at = lock.scope.toLowerCase();
      if (operation === 'delete') return isWithin(scope, at) || isWithin(at, scope);
      return lock.level === 'ReadOnly' && isWithin(scope, at);
    })
    .map((lock) => lock.scope);
}

/** The lock with that name at that scope, ignoring case. */
export function findLock(locks: readonly Lock[], scope: Scope, name: string): Lock | undefined {
  return locks.find((lock) => isLock(lock, scope, name));
}

/** PUT of a lock: creates it, or changes its level. */
export async function putLock(
  request: { readonly scope: Scope; readonly name: string; readonly properties: unknown },
  { locks, requirement }: Locks,
  store: Store,
): Promise<ResourceOutcome<{ readonly lock: Lock; readonly created: boolean; readonly change: Transaction }>> {
  const { scope, name } = request;
  if (!/^[-\w.()]{0,89}[-\w()]$/.test(name)) {
    const rule = '1 to 90 letters, digits, underscores, hyphens, brackets and full stops, no full stop last';
    return refuseResource({ kind: 'invalidProperty', message: `The lock name '${name}' is invalid: ${rule}.` });
  }
  const read = readAt(requestedLock, request.properties, 'properties');
  if (!read.ok) return read;
  const { level, notes } = read.value;
  const place = await requireScope(scope, store);
  if (!place.ok) return place;
  const before = findLock(locks, scope, name);
  const others = locks.filter((lock) => lock !== before);
  const beside = others.filter((lock) => lock.scope.toLowerCase() === scope.id.toLowerCase());
  if (before === undefined && beside.length >= locksOfScopeMax) {
    const message = `The scope '${scope.id}' has ${locksOfScopeMax} locks, the maximum for a scope.`;
    return refuseResource({ kind: 'invalidProperty', message });
  }
  const lock: Lock = {
    name: before?.name ?? name,
    scope: before?.scope ?? scope.id,
    level,
    ...(notes !== undefined && { notes }),
  };
  const { key } = requirement;
  const change = {
    require: [requirement, place.value],
    put: [recordPut(key, { locks: [...others, lock] })],
  };
  return { ok: true, value: { lock, created: before === undefined, change } };
}

export function deleteLock(lock: Lock, { locks, requirement }: Locks): Transaction {
  const { key } = requirement;
  const rest = locks.filter((other) => other !== lock);
  return { require: [requirement], put: [recordPut(key, { locks: rest })] };
}

function isLock(lock: Lock, scope: Scope, name: string): boolean {
  return lock.name.toLowerCase() === name.toLowerCase() && lock.scope.toLowerCase() === scope.id.toLowerCase();
}

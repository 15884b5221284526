import { Refused } from '../edge/refused.ts';
import type { Known } from '../edge/steps.ts';
import { lockedScopes, readLocksNow } from '../resources/locks.ts';
import type { Locks } from '../resources/locks.ts';
import type { AuthorizationInForce } from '../rulebook/rulebook.ts';
import type { Requirement } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import { accessOf, mayOperate, scopeKey } from './access.ts';
import type { Access } from './access.ts';
import type { ControlOperation, ControlServices } from './operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { ControlRequest } from './request.ts';

/** What the first steps find out. */
export interface Opened {
  readonly operation: ControlOperation;
  readonly apiVersion: string;
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
}

/** What is known of an admitted request. */
export interface Admitted extends Opened {
  readonly authorization: AuthorizationInForce;
  readonly lock: LocksInForce;
  /** Not known before the request is admitted. */
  readonly access: Access;
  readonly bytes: Buffer | undefined;
}

/** The request itself, and what the steps before the one that asks have found out. */
export type After<K extends keyof Admitted = never, R = ControlRequest> = Known<R, Pick<Admitted, K>>;

/** What a request has been decided by so far. */
export function requirementsOf({ authorization, lock }: Partial<Admitted>): readonly Requirement[] {
  if (authorization === undefined) return [];
  return lock === undefined ? [authorization.requirement] : [authorization.requirement, ...lock.require];
}

export function authorizationOf(
  { subscription: { subscriptionId: id } }: After<'subscription'>,
  { rulebook }: Pick<ControlServices, 'store' | 'rulebook'>,
): AuthorizationInForce | Promise<AuthorizationInForce> {
  return (
    rulebook.authorization(id) ??
    rulebook.loadAuthorization(id).then((loaded) => {
      if (loaded !== undefined) return loaded;
      throw new Refused<ControlRefusal>({ kind: 'subscriptionNotFound', id });
    })
  );
}

export function permissionOf({
  request: { path },
  operation: { action, orAction, shows },
  authorization,
  caller,
}: After<'operation' | 'authorization' | 'caller'>): boolean {
  if (shows === 'own') return true;
  const actions = orAction === undefined ? [action] : [action, orAction];
  return mayOperate(authorization, caller, { actions, scope: scopeKey(path), isList: shows === 'visible' });
}

export function permissionRefusal(
  may: boolean,
  { request, operation, caller }: After<'operation' | 'caller'>,
): ControlRefusal | undefined {
  if (may) return undefined;
  const { objectId } = caller;
  return { kind: 'notAuthorized', objectId, action: operation.action, scope: request.path };
}

/** What a lock could forbid, by the last word of an action. */
const lockable: ReadonlyMap<string, 'write' | 'delete'> = new Map([
  ['write', 'write'],
  ['action', 'write'],
  ['delete', 'delete'],
]);

/** The locks that count for a request. */
interface LocksInForce {
  readonly forbids: 'write' | 'delete';
  /** Those that forbid it, by their scopes. */
  readonly scopes: readonly string[];
  readonly require: readonly Requirement[];
}

const noLocks: LocksInForce = { forbids: 'write', scopes: [], require: [] };

/** No lock forbids to read, and a lock is no lock of itself. */
export function lockOf(
  { request: { path }, operation: { action }, subscription }: After<'operation' | 'subscription'>,
  { store }: Pick<ControlServices, 'store' | 'rulebook'>,
): LocksInForce | Promise<LocksInForce> {
  const forbids = lockable.get(action.slice(action.lastIndexOf('/') + 1));
  if (forbids === undefined) return noLocks;
  const inForce = ({ locks, requirement }: Locks): LocksInForce => {
    const isLock = action.startsWith('Microsoft.Authorization/locks/');
    const scopes = isLock ? [] : lockedScopes(locks, { operation: forbids, scope: scopeKey(path) });
    return { forbids, scopes, require: [requirement] };
  };
  const read = readLocksNow(store, subscription.subscriptionId);
  return read instanceof Promise ? read.then(inForce) : inForce(read);
}

export function lockRefusal(
  { forbids: operation, scopes: locked }: LocksInForce,
  { request }: After,
): ControlRefusal | undefined {
  return locked.length === 0 ? undefined : { kind: 'scopeLocked', operation, scope: request.path, locked };
}

export function accessIn({
  request: { path: scope },
  operation: { action },
  authorization,
  caller,
}: After<'operation' | 'authorization' | 'caller'>): Access {
  return accessOf(authorization, caller, { action, scope });
}

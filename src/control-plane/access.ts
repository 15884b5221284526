import { authorizeRbac, mayAtOrBelow } from '../access/role-assignments.ts';
import { idSegments } from '../resources/keys.ts';
import type { LinkedRefusal } from '../resources/refusal.ts';
import type { AuthorizationInForce } from '../rulebook/rulebook.ts';
import type { Caller } from '../types/caller.ts';
import type { AccessVerdict } from '../types/verdict.ts';
import type { Known } from '../edge/steps.ts';
import { lockedScopes, readLocksNow } from '../resources/authorization/locks.ts';
import type { Locks } from '../resources/authorization/locks.ts';
import type { Requirement } from '../store/store.ts';
import type { SubscriptionRecord } from '../types/resource-group.ts';
import { refuse } from './operation.ts';
import type { ControlOperation, ControlServices } from './operation.ts';
import type { ControlRefusal } from './refusal.ts';
import type { ControlRequest } from './request.ts';

/** The caller's other permissions, for an operation that must check more than its own action. */
export interface Access {
  /** The role assignments that admitted the request, in the state that its change requires. */
  readonly authorization: AuthorizationInForce;
  /**
   * Whether the caller may do an action at a scope of the subscription. `role` (GUID) is the role of the assignment
   * that the action writes or deletes.
   */
  readonly may: (action: string, scope: string, role?: string) => boolean;
  /** The refusal of a change that also needs a permission on another resource; `undefined` if the caller has it. */
  readonly linkedRefusal: LinkedRefusal;
}

/** The scope of a path in the form in which role assignments are looked up: lower case, without needless slashes. */
export function scopeKey(path: string): string {
  return idSegments(path)
    .map((segment) => `/${segment}`)
    .join('')
    .toLowerCase();
}

/** The subscription or group of a scope: a list covers all of it. */
export function listScope(scope: string): string {
  return /^\/subscriptions\/[^/]+(?:\/resourcegroups\/[^/]+)?/.exec(scope)?.[0] ?? scope;
}

/** Whether the caller may do one of the actions at the scope; for a list, at the scope or anywhere below it. */
function mayOperate(
  authorization: AuthorizationInForce,
  caller: Caller,
  asked: { readonly actions: readonly string[]; readonly scope: string; readonly isList: boolean },
): boolean {
  const { actions, isList } = asked;
  const scope = isList ? listScope(asked.scope) : asked.scope;
  return actions.some((action) => {
    const request = { kind: 'action', name: action.toLowerCase(), scope, role: 'any' } as const;
    return isList
      ? mayAtOrBelow(authorization.compiled, caller, request)
      : authorizeRbac(authorization.compiled, caller, request).allowed;
  });
}

/** The verdict on the action `name` on that path, with the assignment that allows it. */
export function allowedBy(
  { compiled }: AuthorizationInForce,
  caller: Caller,
  { name, path }: { readonly name: string; readonly path: string },
): AccessVerdict {
  return authorizeRbac(compiled, caller, {
    kind: 'action',
    name: name.toLowerCase(),
    scope: scopeKey(path),
    role: 'any',
  });
}

/** `operation` is the action that the caller was admitted for; refusals name it. */
function accessOf(
  authorization: AuthorizationInForce,
  caller: Caller,
  operation: { readonly action: string; readonly scope: string },
): Access {
  const may: Access['may'] = (action, scope, role) =>
    authorizeRbac(authorization.compiled, caller, {
      kind: 'action',
      name: action.toLowerCase(),
      scope: scopeKey(scope),
      ...(role !== undefined && { role }),
    }).allowed;
  return {
    authorization,
    may,
    linkedRefusal: (linkedAction, linkedScope) =>
      may(linkedAction, linkedScope)
        ? undefined
        : { kind: 'linkedNotAuthorized', objectId: caller.objectId, ...operation, linkedAction, linkedScope },
  };
}

/** The facts that the first steps find out. */
export interface Opened {
  readonly operation: ControlOperation;
  readonly apiVersion: string;
  readonly subscription: SubscriptionRecord;
  readonly caller: Caller;
}

/** Of a request that came with a token. */
export interface OfToken {
  readonly tokenKeys?: readonly Requirement[];
}

/** The facts about an admitted request. */
export interface Admitted extends Opened {
  readonly authorization: AuthorizationInForce;
  readonly lock: LocksInForce;
  /** Absent until the request is admitted. */
  readonly access: Access;
  readonly bytes: Buffer | undefined;
}

/** The request, and the facts of the earlier steps that a step uses. */
export type After<K extends keyof Admitted = never, R = ControlRequest> = Known<R, Pick<Admitted, K>>;

/** The records that decided the request so far, in the versions that it read. */
export function requirementsOf({
  authorization,
  lock,
  tokenKeys = [],
}: Partial<Admitted> & OfToken): readonly Requirement[] {
  return authorization === undefined ? [] : [authorization.requirement, ...(lock?.require ?? []), ...tokenKeys];
}

/** The role assignments and roles of the subscription, in force. */
export function authorizationOf(
  { subscription: { subscriptionId: id } }: After<'subscription'>,
  { rulebook }: Pick<ControlServices, 'store' | 'rulebook'>,
): AuthorizationInForce | Promise<AuthorizationInForce> {
  return (
    rulebook.authorization(id) ??
    rulebook.loadAuthorization(id).then((loaded) => {
      if (loaded !== undefined) return loaded;
      return refuse({ kind: 'subscriptionNotFound', id });
    })
  );
}

/** The scope at which the caller needs the operation's action. */
function scopeOf({ request, operation, subscription }: After<'operation' | 'subscription'>): string {
  return operation.scope === 'subscription' ? `/subscriptions/${subscription.subscriptionId}` : request.path;
}

/** Whether a role assignment lets the caller do the operation's action at its scope. */
export function permissionOf({
  request,
  operation,
  subscription,
  authorization,
  caller,
}: After<'operation' | 'subscription' | 'authorization' | 'caller'>): boolean {
  const { action, orAction, shows } = operation;
  if (shows === 'own') return true;
  const actions = orAction === undefined ? [action] : [action, orAction];
  return mayOperate(authorization, caller, {
    actions,
    scope: scopeKey(scopeOf({ request, operation, subscription })),
    isList: shows === 'visible',
  });
}

export function permissionRefusal(
  may: boolean,
  known: After<'operation' | 'subscription' | 'caller'>,
): ControlRefusal | undefined {
  if (may) return undefined;
  const { objectId } = known.caller;
  return { kind: 'notAuthorized', objectId, action: known.operation.action, scope: scopeOf(known) };
}

/** The operation that a lock could forbid, by the last word of an action. */
const lockable: ReadonlyMap<string, 'write' | 'delete'> = new Map([
  ['write', 'write'],
  ['action', 'write'],
  ['delete', 'delete'],
]);

/** The decision of the subscription's locks about a request. */
interface LocksInForce {
  /** The forbidden operation and the scopes of the locks that forbid it; `undefined` if no lock does. */
  readonly forbidden: { readonly operation: 'write' | 'delete'; readonly locked: readonly string[] } | undefined;
  readonly require: readonly Requirement[];
}

const notLockable: LocksInForce = { forbidden: undefined, require: [] };

/** The locks that forbid the request. A lock never forbids a read, or a change of the lock itself. */
export function lockOf(
  { request: { path }, operation: { action }, subscription }: After<'operation' | 'subscription'>,
  { store }: Pick<ControlServices, 'store' | 'rulebook'>,
): LocksInForce | Promise<LocksInForce> {
  const operation = lockable.get(action.slice(action.lastIndexOf('/') + 1));
  if (operation === undefined) return notLockable;
  const decided = ({ locks, requirement }: Locks): LocksInForce => {
    const isLock = action.startsWith('Microsoft.Authorization/locks/');
    const locked = isLock ? [] : lockedScopes(locks, { operation, scope: scopeKey(path) });
    return { forbidden: locked.length === 0 ? undefined : { operation, locked }, require: [requirement] };
  };
  const read = readLocksNow(store, subscription.subscriptionId);
  return read instanceof Promise ? read.then(decided) : decided(read);
}

export function lockRefusal({ forbidden }: LocksInForce, { request }: After): ControlRefusal | undefined {
  return forbidden && { kind: 'scopeLocked', scope: request.path, ...forbidden };
}

/** The caller's other permissions, for an operation that must check more than its own action. */
export function accessIn({
  request,
  operation,
  subscription,
  authorization,
  caller,
}: After<'operation' | 'subscription' | 'authorization' | 'caller'>): Access {
  const scope = scopeOf({ request, operation, subscription });
  return accessOf(authorization, caller, { action: operation.action, scope });
}

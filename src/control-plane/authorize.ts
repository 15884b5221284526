import { lockedScopes, readLocks } from '../resources/locks.ts';
import type { AuthorizationInForce } from '../rulebook/rulebook.ts';
import type { Requirement } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import { accessOf, mayOperate, scopeKey } from './access.ts';
import type { Access } from './access.ts';
import type { ControlExchange } from './exchange.ts';
import type { ControlOperation } from './operation.ts';
import { ControlRefused } from './refusal.ts';
import type { ControlPlaneWorld } from './world.ts';

/** On whose word a request is admitted: part of every read and every transaction that follows from it. */
export interface ControlAdmitted {
  readonly access: Access;
  readonly require: readonly Requirement[];
}

/**
 * Whether the caller may do the operation on what its path names, and whether a lock forbids it, as things stand now.
 *
 * @throws {ControlRefused} `notAuthorized`, `scopeLocked`
 * @throws {Conflict} when assignments or locks change meanwhile, and the request must be looked at anew
 */
export async function authorizeControl(
  exchange: ControlExchange,
  { operation, caller }: { readonly operation: ControlOperation; readonly caller: Caller },
  world: ControlPlaneWorld,
): Promise<ControlAdmitted> {
  const authorization = await authorizationOf(exchange, world);
  const { path } = exchange;
  const scope = scopeKey(path);
  const { action, orAction, shows } = operation;
  const actions = orAction === undefined ? [action] : [action, orAction];
  const admitted =
    shows === 'own' || mayOperate(authorization, caller, { actions, scope, isList: shows === 'visible' });
  const require = [authorization.requirement];
  const locked = admitted ? await lockOf(exchange, { action, scope, world }) : undefined;
  if (locked !== undefined) require.push(locked.requirement);
  // A refusal, too, must be on the word of what is in force.
  await world.store.read({ require, get: [] });
  if (!admitted) throw new ControlRefused({ kind: 'notAuthorized', objectId: caller.objectId, action, scope: path });
  if (locked !== undefined && locked.scopes.length > 0) {
    const { operation: kind, scopes } = locked;
    throw new ControlRefused({ kind: 'scopeLocked', operation: kind, scope: path, locked: scopes });
  }
  return { access: accessOf(authorization, caller, { action, scope: path }), require };
}

async function authorizationOf(
  { subscription }: ControlExchange,
  { rulebook }: ControlPlaneWorld,
): Promise<AuthorizationInForce> {
  const id = subscription?.subscriptionId ?? '';
  const authorization = rulebook.authorization(id) ?? (await rulebook.loadAuthorization(id));
  if (authorization === undefined) throw new ControlRefused({ kind: 'subscriptionNotFound', id });
  return authorization;
}

/** What a lock could forbid, by the last word of an action. Reading it never does, and a lock is no lock of itself. */
const lockable: ReadonlyMap<string, 'write' | 'delete'> = new Map([
  ['write', 'write'],
  ['action', 'write'],
  ['delete', 'delete'],
]);

async function lockOf(
  { subscription }: ControlExchange,
  { action, scope, world }: { readonly action: string; readonly scope: string; readonly world: ControlPlaneWorld },
) {
  const operation = lockable.get(action.slice(action.lastIndexOf('/') + 1));
  if (operation === undefined || subscription === undefined) return undefined;
  const { locks, requirement } = await readLocks(world.store, subscription.subscriptionId);
  const isLock = action.startsWith('Microsoft.Authorization/locks/');
  return { operation, requirement, scopes: isLock ? [] : lockedScopes(locks, { operation, scope }) };
}

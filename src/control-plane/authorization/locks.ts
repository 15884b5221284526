import { findLock, readLocks, putLock, deleteLock as withoutLock } from '../../resources/authorization/locks.ts';
import { answer, badRequest, orRefuse, refuse } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { scopeOf, authorizationProvider } from './scope.ts';
import { isWithin } from '../../access/role-assignments.ts';
import { readFilter } from './filter.ts';
import type { Lock } from '../../types/lock.ts';

const locksPath = `{scope}${authorizationProvider}/locks`;
const lockPath = `${locksPath}/:lockName`;

/** GET …/locks/{name} */
const getLock: ControlOperation = {
  method: 'GET',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/read',
  async run(call) {
    const scope = scopeOf(call);
    const { locks } = await readLocks(call.store, call.subscription.subscriptionId);
    const name = call.params['lockName'] ?? '';
    const lock = findLock(locks, scope, name);
    return lock === undefined ? refuse({ kind: 'lockNotFound', name }) : answer(200, lockResource(lock));
  },
};

/** GET …/locks: the locks at the scope and below it; with `atScope()` only those at the scope. */
const listLocks: ControlOperation = {
  method: 'GET',
  path: locksPath,
  action: 'Microsoft.Authorization/locks/read',
  async run(call) {
    const scope = scopeOf(call).id.toLowerCase();
    const asked = readFilter(call.query['$filter'], ['atScope()']);
    if (!asked.ok) return badRequest(asked.message);
    const { locks } = await readLocks(call.store, call.subscription.subscriptionId);
    const value = locks
      .filter((lock) => {
        const at = lock.scope.toLowerCase();
        return asked.filter.has('atScope()') ? at === scope : isWithin(at, scope);
      })
      .map(lockResource);
    return answer(200, { value, nextLink: null });
  },
};

/** PUT …/locks/{name}: createOrUpdate at the level of a subscription, resource group or resource, and by scope. */
const createOrUpdateLock: ControlOperation = {
  method: 'PUT',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/write',
  async run(call) {
    const scope = scopeOf(call);
    const locks = await readLocks(call.store, call.subscription.subscriptionId);
    const request = { scope, name: call.params['lockName'] ?? '', properties: call.body['properties'] };
    const { lock, created, change } = orRefuse(await putLock(request, locks, call.store));
    return { ...answer(created ? 201 : 200, lockResource(lock)), change };
  },
};

/** DELETE …/locks/{name}; 204 if it does not exist. A lock never keeps a lock from being deleted. */
const deleteLock: ControlOperation = {
  method: 'DELETE',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/delete',
  async run(call) {
    const scope = scopeOf(call);
    const locks = await readLocks(call.store, call.subscription.subscriptionId);
    const lock = findLock(locks.locks, scope, call.params['lockName'] ?? '');
    return lock === undefined ? answer(204) : { ...answer(200), change: withoutLock(lock, locks) };
  },
};

/** ManagementLockObject of api-version 2020-05-01. */
function lockResource({ name, scope, level, notes }: Lock) {
  return {
    properties: { level, ...(notes !== undefined && { notes }) },
    id: `${scope}${authorizationProvider}/locks/${name}`,
    type: 'Microsoft.Authorization/locks',
    name,
  };
}

/** Every operation on locks. */
export const lockOperations: readonly ControlOperation[] = [createOrUpdateLock, getLock, deleteLock, listLocks];

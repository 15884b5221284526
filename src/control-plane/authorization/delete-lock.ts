import { deleteLock as withoutLock, findLock, readLocks } from '../../resources/locks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { lockPath, scopeOf } from './resource.ts';

/** DELETE …/locks/{name}; 204 when there is none. No lock keeps a lock from being deleted. */
export const deleteLock: ControlOperation = {
  method: 'DELETE',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/delete',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const locks = await readLocks(call.store, call.subscription.subscriptionId);
    const lock = findLock(locks.locks, found.scope, call.params['lockName'] ?? '');
    return lock === undefined ? answer(204) : { ...answer(200), change: withoutLock(lock, locks) };
  },
};

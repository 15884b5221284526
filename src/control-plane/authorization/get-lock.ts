import { findLock, readLocks } from '../../resources/locks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { lockPath, lockResource, scopeOf } from './resource.ts';

/** GET …/locks/{name} */
export const getLock: ControlOperation = {
  method: 'GET',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/read',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const { locks } = await readLocks(call.store, call.subscription.subscriptionId);
    const name = call.params['lockName'] ?? '';
    const lock = findLock(locks, found.scope, name);
    return lock === undefined ? refuse({ kind: 'lockNotFound', name }) : answer(200, lockResource(lock));
  },
};

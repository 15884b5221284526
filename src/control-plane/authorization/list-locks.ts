import { isWithin } from '../../access/scope.ts';
import { readLocks } from '../../resources/locks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readFilter } from './filter.ts';
import { lockResource, locksPath, scopeOf } from './resource.ts';

/** GET …/locks: the locks at the scope and below; with `atScope()` those at the scope. */
export const listLocks: ControlOperation = {
  method: 'GET',
  path: locksPath,
  action: 'Microsoft.Authorization/locks/read',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const asked = readFilter(call.query['$filter'], ['atScope()']);
    if (!asked.ok) return refuse({ kind: 'badQuery', message: asked.message });
    const scope = found.scope.id.toLowerCase();
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

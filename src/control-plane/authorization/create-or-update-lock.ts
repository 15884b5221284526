import { putLock, readLocks } from '../../resources/locks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { lockPath, lockResource, scopeOf } from './resource.ts';

/** PUT …/locks/{name}: createOrUpdate at subscription, resource group and resource level, and by scope. */
export const createOrUpdateLock: ControlOperation = {
  method: 'PUT',
  path: lockPath,
  action: 'Microsoft.Authorization/locks/write',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const locks = await readLocks(call.store, call.subscription.subscriptionId);
    const request = { scope: found.scope, name: call.params['lockName'] ?? '', properties: call.body['properties'] };
    const put = await putLock(request, locks, call.store);
    if (!put.ok) return put;
    const { lock, created, change } = put.value;
    return { ...answer(created ? 201 : 200, lockResource(lock)), change };
  },
};

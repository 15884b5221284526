import { deploymentOperationKey } from '../../resources/keys.ts';
import type { Store } from '../../store/store.ts';

const batch = 500;

/** Deletes the records of what was done for a deployment, before it is replaced or deleted itself. */
export async function forgetDeployment(store: Store, operationId: string): Promise<void> {
  for (;;) {
    const records = await store.list({ prefix: deploymentOperationKey(operationId), limit: batch });
    if (records.length === 0) return;
    await store.transact({ delete: records.map(({ key }) => key) });
  }
}

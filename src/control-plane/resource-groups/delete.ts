import { encode } from '../../store/store.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, placeOf, readGroup } from './resource.ts';

/**
 * Deletes a group and what is in it, as a long-running operation: 202, and `Location` says when it is over. Vaults in it
 * are soft-deleted, as when they are deleted one by one.
 */
export const deleteResourceGroup: ControlOperation = {
  method: 'DELETE',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/delete',
  async run(call) {
    const found = await readGroup(call);
    if (!found.ok) return found;
    const { key, version } = found.record;
    const { subscriptionId } = call.subscription;
    return {
      ...answer(202),
      change: { require: [{ key, version }], put: [{ key, value: encode({ ...found.group, deleting: true }) }] },
      accepted: {
        kind: 'deleteResourceGroup',
        resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${found.group.name}`,
        subject: { resourceGroup: placeOf(call).resourceGroup },
        statusPath: (id) => `/subscriptions/${subscriptionId}/operationresults/${id}`,
        header: 'location',
      },
    };
  },
};

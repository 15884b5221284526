import { resourceGroupKey } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import { listAnswer } from '../list.ts';
import type { ControlOperation } from '../operation.ts';
import { resourceGroupResource } from './resource.ts';

const action = 'Microsoft.Resources/subscriptions/resourceGroups/read';

export const listResourceGroups: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/resourceGroups',
  action,
  shows: 'visible',
  run: (call) =>
    listAnswer(call, {
      prefix: resourceGroupKey({ subscriptionId: call.subscription.subscriptionId, resourceGroup: '' }),
      seen: action,
      render: async (records) => records.map((record) => resourceGroupResource(decode<ResourceGroupRecord>(record))),
    }),
};

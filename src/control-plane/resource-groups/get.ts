import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, readGroup, resourceGroupResource } from './resource.ts';

export const getResourceGroup: ControlOperation = {
  method: 'GET',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
  async run(call) {
    const found = await readGroup(call);
    return found.ok ? answer(200, resourceGroupResource(found.group)) : found;
  },
};

import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, readGroup } from './resource.ts';

/** HEAD: 204 when the group is there, 404 when it is not. */
export const checkResourceGroupExistence: ControlOperation = {
  method: 'HEAD',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/read',
  async run(call) {
    const found = await readGroup(call);
    return answer(found.ok ? 204 : 404);
  },
};

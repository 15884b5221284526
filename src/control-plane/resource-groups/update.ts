import { encode } from '../../store/store.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, tagsOf } from '../outcome.ts';
import { groupPath, readGroup, readManagedBy, resourceGroupResource } from './resource.ts';

/** PATCH of a group: its tags, all of them, and what manages it. */
export const updateResourceGroup: ControlOperation = {
  method: 'PATCH',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
  async run(call) {
    const found = await readGroup(call);
    if (!found.ok) return found;
    const managed = readManagedBy(call.body);
    if (!managed.ok) return managed;
    const { key, version } = found.record;
    const tags = call.body['tags'] === undefined ? found.group.tags : tagsOf(call.body);
    const group: ResourceGroupRecord = { ...found.group, ...managed.value, tags };
    return {
      ...answer(200, resourceGroupResource(group)),
      change: { require: [{ key, version }], put: [{ key, value: encode(group) }] },
    };
  },
};

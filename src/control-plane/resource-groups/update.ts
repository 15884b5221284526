import { encode } from '../../store/store.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, tagsOf } from '../outcome.ts';
import { groupPath, readGroup, resourceGroupResource } from './resource.ts';

/** PATCH of a group: its tags, all of them. */
export const updateResourceGroup: ControlOperation = {
  method: 'PATCH',
  path: groupPath,
  action: 'Microsoft.Resources/subscriptions/resourceGroups/write',
  async run(call) {
    const found = await readGroup(call);
    if (!found.ok) return found;
    const { key, version } = found.record;
    const group = call.body['tags'] === undefined ? found.group : { ...found.group, tags: tagsOf(call.body) };
    return {
      ...answer(200, resourceGroupResource(group)),
      change: { require: [{ key, version }], put: [{ key, value: encode(group) }] },
    };
  },
};

import { changeTags, readTags } from '../../resources/tags.ts';
import type { ControlOperation } from '../operation.ts';
import { changeTagsAt, tagsTail } from './resource.ts';

/** PATCH: merges these tags with those that there are, replaces all of them, or deletes some. */
export function updateTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'PATCH',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/write',
    audit: 'VaultPatch',
    async run(call) {
      const given = readTags(call.body['properties']);
      if (!given.ok) return given;
      const asked = { operation: call.body['operation'], given: given.value };
      return changeTagsAt(call, (before) => changeTags(before, asked), cards);
    },
  };
}

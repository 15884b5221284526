import { changeTags, readTags } from '../../resources/tags.ts';
import type { ControlOperation } from '../operation.ts';
import { changeTagsAt, tagsTail } from './resource.ts';

/** PUT: these tags in the place of all that there are. */
export function createOrUpdateTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'PUT',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/write',
    audit: 'VaultPatch',
    async run(call) {
      const given = readTags(call.body['properties']);
      if (!given.ok) return given;
      const replace = { operation: 'Replace', given: given.value };
      return changeTagsAt(call, (before) => changeTags(before, replace), cards);
    },
  };
}

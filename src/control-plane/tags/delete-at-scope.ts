import { changeTags } from '../../resources/tags.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { changeTagsAt, tagsTail } from './resource.ts';

/** DELETE: all of them. */
export function deleteTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'DELETE',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/delete',
    audit: 'VaultPatch',
    async run(call) {
      const none = { operation: 'Replace', given: {} };
      const deleted = await changeTagsAt(call, (before) => changeTags(before, none), cards);
      return deleted.ok ? { ...deleted, ...answer(200) } : deleted;
    },
  };
}

import type { ControlOperation } from '../operation.ts';
import { vaultPath } from '../vaults/resource.ts';
import { createOrUpdateTagsAtScope } from './create-or-update-at-scope.ts';
import { deleteTagsAtScope } from './delete-at-scope.ts';
import { getTagsAtScope } from './get-at-scope.ts';
import { listTagNames } from './list-names.ts';
import { predefinedTagOperations } from './predefined.ts';
import { tagsTail } from './resource.ts';
import { updateTagsAtScope } from './update-at-scope.ts';

/**
 * The names of tags, and tags at any scope, by the cards of what has them. Only where that is a vault do they have a
 * record in its log.
 */
export function tagsOperations(cards: readonly ControlOperation[]): readonly ControlOperation[] {
  const atScope = [createOrUpdateTagsAtScope, updateTagsAtScope, getTagsAtScope, deleteTagsAtScope].flatMap((make) => {
    const { audit: _, ...anywhere } = make(cards);
    return [{ ...make(cards), path: `${vaultPath}${tagsTail}` }, anywhere];
  });
  return [listTagNames, ...predefinedTagOperations, ...atScope];
}

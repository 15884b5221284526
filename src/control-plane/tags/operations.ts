import type { ControlOperation } from '../operation.ts';
import { vaultPath } from '../vaults/resource.ts';
import { createOrUpdateTagsAtScope } from './create-or-update-at-scope.ts';
import { deleteTagsAtScope } from './delete-at-scope.ts';
import { getTagsAtScope } from './get-at-scope.ts';
import { tagsTail } from './resource.ts';
import { updateTagsAtScope } from './update-at-scope.ts';

/** Tags at any scope, by the cards of what has them. Only where that is a vault do they have a record in its log. */
export function tagsOperations(cards: readonly ControlOperation[]): readonly ControlOperation[] {
  return [createOrUpdateTagsAtScope, updateTagsAtScope, getTagsAtScope, deleteTagsAtScope].flatMap((make) => {
    const { audit: _, ...anywhere } = make(cards);
    return [{ ...make(cards), path: `${vaultPath}${tagsTail}` }, anywhere];
  });
}

import type { ControlOperation } from '../operation.ts';
import { readTagsAt, tagsTail } from './resource.ts';

export function getTagsAtScope(cards: readonly ControlOperation[]): ControlOperation {
  return {
    method: 'GET',
    path: `{scope}${tagsTail}`,
    action: 'Microsoft.Resources/tags/read',
    audit: 'VaultGet',
    run: (call) => readTagsAt(call, cards),
  };
}

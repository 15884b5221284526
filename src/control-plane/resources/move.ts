import type { ControlOperation } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { groupPath } from '../resource-groups/resource.ts';

/** Moving resources is refused: a rule, a role assignment and a lock each name what they are about by its id. */
export const moveOperations: readonly ControlOperation[] = ['moveResources', 'validateMoveResources'].map((name) => ({
  method: 'POST',
  path: `${groupPath}/${name}`,
  action: `Microsoft.Resources/subscriptions/resourceGroups/${name}/action`,
  run: async () => refuse({ kind: 'moveNotSupported' }),
}));

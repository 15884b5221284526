import { deleteRole } from '../../resources/role-definitions.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { definitionOf } from './get-role-definition.ts';
import { definitionPath, definitionResource, subscriptionId } from './resource.ts';

/** DELETE …/roleDefinitions/{id}: a custom role that is assigned to nobody; 204 when there is none. */
export const deleteRoleDefinition: ControlOperation = {
  method: 'DELETE',
  path: definitionPath,
  action: 'Microsoft.Authorization/roleDefinitions/delete',
  async run(call) {
    const role = definitionOf(call);
    if (role === undefined) return answer(204);
    const { authorization, lacks } = call.access;
    const deleted = deleteRole(role, authorization);
    if (!deleted.ok) return deleted;
    for (const scope of role.assignableScopes) {
      const lacking = lacks(deleteRoleDefinition.action, scope);
      if (lacking !== undefined) return refuse(lacking);
    }
    return { ...answer(200, definitionResource(role, subscriptionId(call))), change: deleted.value };
  },
};

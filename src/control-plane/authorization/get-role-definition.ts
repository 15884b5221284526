import { builtInRoles } from '../../access/built-in-roles.ts';
import { isAssignableAt } from '../../resources/role-definitions.ts';
import type { RoleDefinition } from '../../types/role.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { definitionPath, definitionResource, subscriptionId } from './resource.ts';

const action = 'Microsoft.Authorization/roleDefinitions/read';

/** GET …/roleDefinitions/{id}: get and getById. */
export const getRoleDefinition: ControlOperation = {
  method: 'GET',
  path: definitionPath,
  action,
  async run(call) {
    const role = definitionOf(call);
    if (role !== undefined) return answer(200, definitionResource(role, subscriptionId(call)));
    return refuse({ kind: 'roleDefinitionNotFound', id: call.params['roleDefinitionId'] ?? '' });
  },
};

/** GET /providers/Microsoft.Authorization/roleDefinitions/{id}: a built-in role, which is the tenant's and no secret. */
export const getBuiltInRoleDefinition: ControlOperation = {
  method: 'GET',
  path: '/providers/Microsoft.Authorization/roleDefinitions/:roleDefinitionId',
  action,
  shows: 'own',
  async run({ params }) {
    const id = params['roleDefinitionId'] ?? '';
    const role = builtInRoles.get(id.toLowerCase());
    if (role === undefined) return refuse({ kind: 'roleDefinitionNotFound', id });
    return answer(200, definitionResource(role, ''));
  },
};

/** The role that the path names, if it can be assigned where the path says or below. */
export function definitionOf({ access, params }: ControlCall): RoleDefinition | undefined {
  const role = access.authorization.roles.get(params['roleDefinitionId']?.toLowerCase() ?? '');
  return role !== undefined && isAssignableAt(role, params['scope']?.toLowerCase() ?? '', true) ? role : undefined;
}

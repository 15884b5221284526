import { putRole } from '../../resources/role-definitions.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { definitionPath, definitionResource, scopeOf, subscriptionId } from './resource.ts';

/** PUT …/roleDefinitions/{id}: a custom role. Who makes one must be allowed to at every scope that it can be assigned at. */
export const createOrUpdateRoleDefinition: ControlOperation = {
  method: 'PUT',
  path: definitionPath,
  action: 'Microsoft.Authorization/roleDefinitions/write',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const { authorization, lacks } = call.access;
    const request = {
      id: call.params['roleDefinitionId'] ?? '',
      properties: call.body['properties'],
      now: call.now,
      by: call.caller.objectId,
    };
    const put = putRole(request, authorization);
    if (!put.ok) return put;
    const { role, change } = put.value;
    const before = authorization.roles.get(role.id)?.assignableScopes ?? [];
    for (const scope of [...before, ...role.assignableScopes]) {
      const lacking = lacks(createOrUpdateRoleDefinition.action, scope);
      if (lacking !== undefined) return refuse(lacking);
    }
    return { ...answer(201, definitionResource(role, subscriptionId(call))), change };
  },
};

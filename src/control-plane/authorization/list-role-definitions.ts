import { isAssignableAt } from '../../resources/role-definitions.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readFilter } from './filter.ts';
import { definitionResource, definitionsPath, scopeOf, subscriptionId } from './resource.ts';

const forms = ["roleName eq '…'", "type eq '…'", 'atScopeAndBelow()', 'atScope()'] as const;

/** GET …/roleDefinitions: the roles that can be assigned at the scope; with `atScopeAndBelow()` also those that can below. */
export const listRoleDefinitions: ControlOperation = {
  method: 'GET',
  path: definitionsPath,
  action: 'Microsoft.Authorization/roleDefinitions/read',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const asked = readFilter(call.query['$filter'], forms);
    if (!asked.ok) return refuse({ kind: 'badQuery', message: asked.message });
    const { filter } = asked;
    const roleName = filter.get("roleName eq '…'")?.toLowerCase();
    const type = filter.get("type eq '…'")?.toLowerCase();
    const scope = found.scope.id.toLowerCase();
    const value = [...call.access.authorization.roles.values()]
      .filter((role) => isAssignableAt(role, scope, filter.has('atScopeAndBelow()')))
      .filter((role) => roleName === undefined || role.roleName.toLowerCase() === roleName)
      .filter((role) => type === undefined || role.type.toLowerCase() === type)
      .map((role) => definitionResource(role, subscriptionId(call)));
    return answer(200, { value, nextLink: null });
  },
};

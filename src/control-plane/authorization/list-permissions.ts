import { permissionsAt } from '../../access/role-assignments.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { scopeOf } from './resource.ts';

/** GET …/permissions: what the caller's own roles allow at the scope. */
export const listPermissions: ControlOperation = {
  method: 'GET',
  path: '{scope}/providers/Microsoft.Authorization/permissions',
  action: 'Microsoft.Authorization/permissions/read',
  shows: 'own',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const permissions = permissionsAt(call.access.authorization.compiled, call.caller, found.scope.id.toLowerCase());
    return answer(200, {
      value: permissions.map(({ delegableRoles: _, ...permission }) => permission),
      nextLink: null,
    });
  },
};

import { putAssignment, roleOfRequest } from '../../resources/role-assignments.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { assignmentPath, assignmentResource, scopeOf } from './resource.ts';

/**
 * PUT …/roleAssignments/{name}: create and createById. Principals are taken as they are named: whether the directory
 * knows one is not asked, so that an identity may be given access before it exists.
 */
export const createRoleAssignment: ControlOperation = {
  method: 'PUT',
  path: assignmentPath,
  action: 'Microsoft.Authorization/roleAssignments/write',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const properties: unknown = call.body['properties'];
    const role = roleOfRequest(properties);
    // Some may assign some roles only, and which one is wanted stands in the body.
    if (role !== undefined && !call.access.may(createRoleAssignment.action, call.path, role)) {
      const { objectId } = call.caller;
      return refuse({ kind: 'notAuthorized', objectId, action: createRoleAssignment.action, scope: call.path });
    }
    const name = call.params['roleAssignmentName'] ?? '';
    const request = { name, scope: found.scope, properties, now: call.now, by: call.caller.objectId };
    const put = await putAssignment(request, call.access.authorization, call.store);
    if (!put.ok) return put;
    const { assignment, created, change } = put.value;
    return { ...answer(created ? 201 : 200, assignmentResource(assignment)), change };
  },
};

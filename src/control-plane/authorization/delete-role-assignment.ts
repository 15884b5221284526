import { deleteAssignment } from '../../resources/role-assignments.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { assignmentOf } from './get-role-assignment.ts';
import { assignmentPath, assignmentResource } from './resource.ts';

/** DELETE …/roleAssignments/{name}: in force for every request that begins after the answer; 204 when there is none. */
export const deleteRoleAssignment: ControlOperation = {
  method: 'DELETE',
  path: assignmentPath,
  action: 'Microsoft.Authorization/roleAssignments/delete',
  async run(call) {
    const assignment = assignmentOf(call);
    if (assignment === undefined) return answer(204);
    if (!call.access.may(deleteRoleAssignment.action, call.path, assignment.role)) {
      const { objectId } = call.caller;
      return refuse({ kind: 'notAuthorized', objectId, action: deleteRoleAssignment.action, scope: call.path });
    }
    const change = deleteAssignment(assignment, call.access.authorization);
    return { ...answer(200, assignmentResource(assignment)), change };
  },
};

import type { RoleAssignment } from '../../types/role.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { assignmentPath, assignmentResource } from './resource.ts';

/** GET …/roleAssignments/{name}: get and getById. */
export const getRoleAssignment: ControlOperation = {
  method: 'GET',
  path: assignmentPath,
  action: 'Microsoft.Authorization/roleAssignments/read',
  async run(call) {
    const assignment = assignmentOf(call);
    if (assignment !== undefined) return answer(200, assignmentResource(assignment));
    return refuse({ kind: 'roleAssignmentNotFound', id: call.params['roleAssignmentName'] ?? '' });
  },
};

/** The role assignment that the path names, at the scope that it names. */
export function assignmentOf({ access, params }: ControlCall): RoleAssignment | undefined {
  const name = params['roleAssignmentName']?.toLowerCase();
  const scope = params['scope']?.toLowerCase();
  return access.authorization.assignments.find(
    (assignment) => assignment.name === name && assignment.scope.toLowerCase() === scope,
  );
}

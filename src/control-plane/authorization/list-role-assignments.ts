import { isWithin } from '../../access/scope.ts';
import type { RoleAssignment } from '../../types/role.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readFilter } from './filter.ts';
import { assignmentResource, assignmentsPath, scopeOf } from './resource.ts';

const forms = ['atScope()', "principalId eq '…'", "assignedTo('…')"] as const;

/**
 * GET …/roleAssignments: for a subscription, a group, a resource and any scope. Shows the assignments at the scope, above
 * and below it; with `atScope()` not those below. All are on one page, for a subscription has at most 4,000.
 */
export const listRoleAssignments: ControlOperation = {
  method: 'GET',
  path: assignmentsPath,
  action: 'Microsoft.Authorization/roleAssignments/read',
  async run(call) {
    const found = scopeOf(call);
    if (!found.ok) return found;
    const asked = readFilter(call.query['$filter'], forms);
    if (!asked.ok) return refuse({ kind: 'badQuery', message: asked.message });
    const scope = found.scope.id.toLowerCase();
    const principals = principalsOf(call, asked.filter.get("assignedTo('…')"));
    const principal = asked.filter.get("principalId eq '…'")?.toLowerCase();
    const isShown = (assignment: RoleAssignment) => {
      const at = assignment.scope.toLowerCase();
      const isPlaced = isWithin(scope, at) || (!asked.filter.has('atScope()') && isWithin(at, scope));
      const { principalId } = assignment;
      return isPlaced && (principals?.has(principalId) ?? true) && (principal ?? principalId) === principalId;
    };
    const value = call.access.authorization.assignments.filter(isShown).map(assignmentResource);
    return answer(200, { value, nextLink: null });
  },
};

/** Who is meant by `assignedTo`: the principal, and the groups that it is in as far as they are known: of the caller, from its token. */
function principalsOf({ caller }: ControlCall, assignedTo: string | undefined): ReadonlySet<string> | undefined {
  if (assignedTo === undefined) return undefined;
  const id = assignedTo.toLowerCase();
  const groups = id === caller.objectId.toLowerCase() ? caller.groups : [];
  return new Set([id, ...groups.map((group) => group.toLowerCase())]);
}

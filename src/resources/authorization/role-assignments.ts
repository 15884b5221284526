import { choice, each, ignored, isGuid, object, optional, string } from '../../shape/shape.ts';
import type { Shaped } from '../../shape/shape.ts';
import { recordPut } from '../../store/records.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { RoleAssignment } from '../../types/role.ts';
import { authorizationChange } from './authorization.ts';
import type { Authorization } from './authorization.ts';
import { roleKey } from '../keys.ts';
import type { Scope } from '../keys.ts';
import { readAt, refuseResource, unsupported } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { isAssignableAt } from './role-definitions.ts';
import { requireScope } from './scope.ts';

/** Azure's limit for a subscription (troubleshoot-limits). */
const assignmentsMax = 4000;

/** The `properties` of a role assignment in a request. */
const requestedAssignment = object({
  ...each(['scope', 'createdOn', 'updatedOn', 'createdBy', 'updatedBy'], ignored),
  ...each(['condition', 'conditionVersion', 'delegatedManagedIdentityResourceId'], optional(unsupported)),
  roleDefinitionId: optional(string),
  principalId: optional(string),
  principalType: optional(choice(['User', 'Group', 'ServicePrincipal', 'ForeignGroup', 'Device'])),
  description: optional(string),
});

export interface PutAssignment {
  readonly name: string;
  readonly scope: Scope;
  readonly properties: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The caller's object id. */
  readonly by: string;
}

/** The GUID of the role in a request, in lower case; `undefined` if it has none. */
export function roleOfRequest(properties: unknown): string | undefined {
  const named =
    typeof properties === 'object' && properties !== null && 'roleDefinitionId' in properties
      ? properties.roleDefinitionId
      : undefined;
  return typeof named === 'string' ? roleOfId(named) : undefined;
}

/** PUT of a role assignment. Only the description of an existing one can change. */
export async function putAssignment(
  request: PutAssignment,
  authorization: Authorization,
  store: Store,
): Promise<
  ResourceOutcome<{ readonly assignment: RoleAssignment; readonly created: boolean; readonly change: Transaction }>
> {
  if (!isGuid(request.name)) return refuseResource({ kind: 'invalidRoleAssignmentId', id: request.name });
  const read = readAt(requestedAssignment, request.properties, 'properties');
  if (!read.ok) return read;
  const wanted = checkAssignment(read.value, request.scope, authorization);
  if (!wanted.ok) return wanted;
  const name = request.name.toLowerCase();
  const before = authorization.assignments.find((assignment) => assignment.name === name);
  const { scope, role, principalId } = wanted.value;
  if (before !== undefined && !isSame(before, wanted.value)) {
    return refuseResource({ kind: 'roleAssignmentUpdateNotPermitted' });
  }
  const twin = authorization.assignments.find((assignment) => isSame(assignment, wanted.value));
  if (before === undefined && twin !== undefined) {
    return refuseResource({ kind: 'roleAssignmentExists', existing: twin.name });
  }
  if (before === undefined && authorization.assignments.length >= assignmentsMax) {
    return refuseResource({ kind: 'roleAssignmentLimitExceeded', limit: assignmentsMax });
  }
  const place = await requireScope(request.scope, store);
  if (!place.ok) return place;
  const at = new Date(request.now).toISOString();
  const assignment: RoleAssignment = {
    name,
    scope: before?.scope ?? scope,
    role,
    principalId,
    principalType: before?.principalType ?? read.value.principalType ?? 'User',
    description: read.value.description ?? null,
    createdOn: before?.createdOn ?? at,
    updatedOn: at,
    createdBy: before?.createdBy ?? request.by,
    updatedBy: request.by,
  };
  const key = roleKey('role-assignment', authorization.subscriptionId, name);
  const { require = [], ...change } = authorizationChange(authorization, {
    put: [recordPut(key, assignment)],
  });
  const value = { assignment, created: before === undefined };
  return { ok: true, value: { ...value, change: { ...change, require: [...require, place.value] } } };
}

export function deleteAssignment({ name }: RoleAssignment, authorization: Authorization): Transaction {
  const key = roleKey('role-assignment', authorization.subscriptionId, name);
  return authorizationChange(authorization, { delete: [key] });
}

/** The GUID at the end of a role's ARM id, at any scope; `undefined` for anything else. */
function roleOfId(id: string): string | undefined {
  const found = /^(?:\/.*)?\/providers\/Microsoft\.Authorization\/roleDefinitions\/([^/]+)$/i.exec(id);
  const role = found?.[1];
  return role !== undefined && isGuid(role) ? role.toLowerCase() : undefined;
}

function checkAssignment(
  { roleDefinitionId = '', principalId = '' }: Shaped<typeof requestedAssignment>,
  scope: Scope,
  { roles }: Authorization,
): ResourceOutcome<Pick<RoleAssignment, 'scope' | 'role' | 'principalId'>> {
  const role = roles.get(roleOfId(roleDefinitionId) ?? '');
  if (role === undefined || !isAssignableAt(role, scope.id.toLowerCase())) {
    return refuseResource({ kind: 'roleDefinitionUnknown', id: roleDefinitionId });
  }
  if (!isGuid(principalId)) return refuseResource({ kind: 'invalidPrincipalId', id: principalId });
  return { ok: true, value: { scope: scope.id, role: role.id, principalId: principalId.toLowerCase() } };
}

type AssignmentKey = Pick<RoleAssignment, 'scope' | 'role' | 'principalId'>;

function isSame(one: AssignmentKey, other: AssignmentKey): boolean {
  return (
    one.role === other.role &&
    one.principalId === other.principalId &&
    one.scope.toLowerCase() === other.scope.toLowerCase()
  );
}

import type { RoleAssignment } from '../../types/role.ts';
import { answer, badRequest, orRefuse, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { scopeOf, authorizationProvider } from './scope.ts';
import { isWithin, permissionsAt } from '../../access/role-assignments.ts';
import { readFilter } from './filter.ts';
import { putAssignment, roleOfRequest, deleteAssignment } from '../../resources/authorization/role-assignments.ts';

const assignmentsPath = `{scope}${authorizationProvider}/roleAssignments`;
const assignmentPath = `${assignmentsPath}/:roleAssignmentName`;

/** GET …/roleAssignments/{name}: get and getById. */
const getRoleAssignment: ControlOperation = {
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
function assignmentOf({ access, params }: ControlCall): RoleAssignment | undefined {
  const name = params['roleAssignmentName']?.toLowerCase();
  const scope = params['scope']?.toLowerCase();
  return access.authorization.assignments.find(
    (assignment) => assignment.name === name && assignment.scope.toLowerCase() === scope,
  );
}

const forms = ['atScope()', "principalId eq '…'", "assignedTo('…')"] as const;

/**
 * GET …/roleAssignments of a subscription, group, resource or any scope: the assignments at the scope, above and below
 * it; with `atScope()` not those below. They fit one page: a subscription has at most 4,000.
 */
const listRoleAssignments: ControlOperation = {
  method: 'GET',
  path: assignmentsPath,
  action: 'Microsoft.Authorization/roleAssignments/read',
  async run(call) {
    const scope = scopeOf(call).id.toLowerCase();
    const asked = readFilter(call.query['$filter'], forms);
    if (!asked.ok) return badRequest(asked.message);
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

/**
 * The principals of `assignedTo`: the one that is named, and its groups. Only the groups of the caller are known, from
 * its token.
 */
function principalsOf({ caller }: ControlCall, assignedTo: string | undefined): ReadonlySet<string> | undefined {
  if (assignedTo === undefined) return undefined;
  const id = assignedTo.toLowerCase();
  const groups = id === caller.objectId.toLowerCase() ? caller.groups : [];
  return new Set([id, ...groups.map((group) => group.toLowerCase())]);
}

/**
 * PUT …/roleAssignments/{name}: create and createById. The directory is not asked whether the principal exists, so that
 * an identity may be given access before it is created.
 */
const createRoleAssignment: ControlOperation = {
  method: 'PUT',
  path: assignmentPath,
  action: 'Microsoft.Authorization/roleAssignments/write',
  async run(call) {
    const scope = scopeOf(call);
    const properties: unknown = call.body['properties'];
    const role = roleOfRequest(properties);
    // Some callers may assign only certain roles, and the role is in the body.
    if (role !== undefined && !call.access.may(createRoleAssignment.action, call.path, role)) {
      const { objectId } = call.caller;
      return refuse({ kind: 'notAuthorized', objectId, action: createRoleAssignment.action, scope: call.path });
    }
    const name = call.params['roleAssignmentName'] ?? '';
    const request = { name, scope, properties, now: call.nowMs, by: call.caller.objectId };
    const { assignment, created, change } = orRefuse(
      await putAssignment(request, call.access.authorization, call.store),
    );
    return { ...answer(created ? 201 : 200, assignmentResource(assignment)), change };
  },
};

/**
 * DELETE …/roleAssignments/{name}: in force for every request that begins after the answer; 204 if it does not exist.
 */
const deleteRoleAssignment: ControlOperation = {
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

/** GET …/permissions: the permissions that the caller's roles give at the scope. */
const listPermissions: ControlOperation = {
  method: 'GET',
  path: '{scope}/providers/Microsoft.Authorization/permissions',
  action: 'Microsoft.Authorization/permissions/read',
  shows: 'own',
  async run(call) {
    const scope = scopeOf(call);
    const permissions = permissionsAt(call.access.authorization.compiled, call.caller, scope.id.toLowerCase());
    return answer(200, {
      value: permissions.map(({ delegableRoles: _, ...permission }) => permission),
      nextLink: null,
    });
  },
};

/** RoleAssignment of api-version 2022-04-01. */
function assignmentResource(assignment: RoleAssignment) {
  const { name, scope, role, principalId, principalType, description } = assignment;
  const { createdOn, updatedOn, createdBy, updatedBy } = assignment;
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '';
  return {
    properties: {
      roleDefinitionId: `${subscription}${authorizationProvider}/roleDefinitions/${role}`,
      principalId,
      principalType,
      scope,
      condition: null,
      conditionVersion: null,
      createdOn,
      updatedOn,
      createdBy,
      updatedBy,
      delegatedManagedIdentityResourceId: null,
      description,
    },
    id: `${scope}${authorizationProvider}/roleAssignments/${name}`,
    type: 'Microsoft.Authorization/roleAssignments',
    name,
  };
}

/** Every operation on role assignments and on the caller's permissions. */
export const roleAssignmentOperations: readonly ControlOperation[] = [
  createRoleAssignment,
  getRoleAssignment,
  deleteRoleAssignment,
  listRoleAssignments,
  listPermissions,
];

import { isWithin } from '../../access/role-assignments.ts';
import { array, each, ignored, isGuid, object, optional, string } from '../../shape/shape.ts';
import type { Shaped } from '../../shape/shape.ts';
import { recordPut } from '../../store/records.ts';
import type { Transaction } from '../../store/store.ts';
import type { RoleDefinition } from '../../types/role.ts';
import { authorizationChange } from './authorization.ts';
import type { Authorization } from './authorization.ts';
import { parseScope, roleKey } from '../keys.ts';
import { readAt, refuseResource, unsupported } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';

/** Azure's limit for a tenant (troubleshoot-limits). */
const rolesMax = 5000;
const actionsMax = 1000;
const scopesMax = 2000;

const strings = array(string);

/** The `properties` of a role definition in a request. */
const requestedRole = object({
  ...each(['createdOn', 'updatedOn', 'createdBy', 'updatedBy'], ignored),
  roleName: optional(string, ''),
  description: optional(string, ''),
  type: optional(string, 'CustomRole'),
  permissions: optional(
    array(
      object({
        ...each(['condition', 'conditionVersion'], optional(unsupported)),
        ...each(['actions', 'notActions', 'dataActions', 'notDataActions'], optional(strings, [])),
      }),
    ),
    [],
  ),
  assignableScopes: optional(strings, []),
});

export interface PutRole {
  readonly id: string;
  readonly properties: unknown;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The caller's object id. */
  readonly by: string;
}

/** PUT of a custom role: creates or replaces it. */
export function putRole(
  request: PutRole,
  authorization: Authorization,
): ResourceOutcome<{ readonly role: RoleDefinition; readonly change: Transaction }> {
  if (!isGuid(request.id)) return invalid(`The role definition ID '${request.id}' is not a GUID.`);
  const id = request.id.toLowerCase();
  const before = authorization.roles.get(id);
  if (before?.type === 'BuiltInRole') {
    return invalid(
      `'${before.roleName}' is a built-in role and cannot be changed. Create a custom role of another ID.`,
    );
  }
  const read = readAt(requestedRole, request.properties, 'properties');
  if (!read.ok) return read;
  const checked = checkRole(read.value, authorization);
  if (!checked.ok) return checked;
  const others = [...authorization.roles.values()].filter((role) => role.id !== id);
  const { roleName } = checked.value;
  if (others.some((role) => role.roleName.toLowerCase() === roleName.toLowerCase())) {
    return refuseResource({ kind: 'roleDefinitionWithSameNameExists', name: roleName });
  }
  if (others.filter(({ type }) => type === 'CustomRole').length >= rolesMax) {
    return refuseResource({ kind: 'roleDefinitionLimitExceeded', limit: rolesMax });
  }
  const at = new Date(request.now).toISOString();
  const role: RoleDefinition = {
    id,
    ...checked.value,
    type: 'CustomRole',
    createdOn: before?.createdOn ?? at,
    updatedOn: at,
    createdBy: before?.createdBy ?? request.by,
    updatedBy: request.by,
  };
  const key = roleKey('role-definition', authorization.subscriptionId, id);
  return {
    ok: true,
    value: { role, change: authorizationChange(authorization, { put: [recordPut(key, role)] }) },
  };
}

/** DELETE of a custom role without assignments. */
export function deleteRole(role: RoleDefinition, authorization: Authorization): ResourceOutcome<Transaction> {
  if (role.type === 'BuiltInRole') return invalid(`'${role.roleName}' is a built-in role and cannot be deleted.`);
  if (authorization.assignments.some((assignment) => assignment.role === role.id)) {
    return refuseResource({ kind: 'roleDefinitionHasAssignments' });
  }
  const key = roleKey('role-definition', authorization.subscriptionId, role.id);
  return { ok: true, value: authorizationChange(authorization, { delete: [key] }) };
}

/** Whether a role can be assigned at a scope; with `andBelow` also at some scope below it. */
export function isAssignableAt(role: RoleDefinition, scope: string, andBelow = false): boolean {
  return role.assignableScopes.some((assignable) => {
    const outer = assignable === '/' ? '' : assignable.toLowerCase();
    return isWithin(scope, outer) || (andBelow && isWithin(outer, scope));
  });
}

type Checked = Pick<RoleDefinition, 'roleName' | 'description' | 'permissions' | 'assignableScopes'>;

function checkRole(
  requested: Shaped<typeof requestedRole>,
  { subscriptionId }: Authorization,
): ResourceOutcome<Checked> {
  const { roleName, description, type, permissions, assignableScopes } = requested;
  if (roleName === '' || roleName.length > 512) return invalid('properties.roleName must have 1 to 512 characters.');
  if (type.toLowerCase() !== 'customrole') return invalid(`properties.type is '${type}'; it must be 'CustomRole'.`);
  if (permissions.length === 0) return invalid('properties.permissions must have at least one entry.');
  const names = permissions.flatMap((permission) => [
    ...permission.actions,
    ...permission.notActions,
    ...permission.dataActions,
    ...permission.notDataActions,
  ]);
  if (names.length > actionsMax) return invalid(`A role can have at most ${actionsMax} actions, not ${names.length}.`);
  const odd = names.find((name) => !/^(?:\*|[\w.*-]+(?:\/[\w.*-]+)+)$/.test(name) || name.length > 256);
  if (odd !== undefined) {
    return invalid(
      `'${odd.slice(0, 256)}' is not an action; an action has the form 'Microsoft.KeyVault/vaults/read', where * matches any characters.`,
    );
  }
  if (assignableScopes.length === 0) return invalid('properties.assignableScopes must have at least one scope.');
  if (assignableScopes.length > scopesMax) {
    return invalid(`A role can have at most ${scopesMax} assignable scopes, not ${assignableScopes.length}.`);
  }
  for (const id of assignableScopes) {
    const scope = parseScope(id);
    const isHere = scope?.subscriptionId.toLowerCase() === subscriptionId.toLowerCase();
    if (isHere && scope?.type === undefined) continue;
    return invalid(
      `'${id}' is not an assignable scope; it must be this subscription or a resource group of it, such as '/subscriptions/${subscriptionId}'.`,
    );
  }
  return { ok: true, value: { roleName, description, permissions, assignableScopes } };
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidRoleDefinition', message });
}

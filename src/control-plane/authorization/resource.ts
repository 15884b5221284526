import type { RoleAssignment, RoleDefinition } from '../../types/role.ts';
import type { Lock } from '../../types/lock.ts';
import { parseScope } from '../../resources/scope-id.ts';
import type { Scope } from '../../resources/scope-id.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { refuse } from '../outcome.ts';

const provider = '/providers/Microsoft.Authorization';

export const assignmentsPath = `{scope}${provider}/roleAssignments`;
export const assignmentPath = `${assignmentsPath}/:roleAssignmentName`;
export const definitionsPath = `{scope}${provider}/roleDefinitions`;
export const definitionPath = `${definitionsPath}/:roleDefinitionId`;
export const locksPath = `{scope}${provider}/locks`;
export const lockPath = `${locksPath}/:lockName`;

/** RoleAssignment of api-version 2022-04-01. */
export function assignmentResource(assignment: RoleAssignment) {
  const { name, scope, role, principalId, principalType, description } = assignment;
  const { createdOn, updatedOn, createdBy, updatedBy } = assignment;
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? '';
  return {
    properties: {
      roleDefinitionId: `${subscription}${provider}/roleDefinitions/${role}`,
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
    id: `${scope}${provider}/roleAssignments/${name}`,
    type: 'Microsoft.Authorization/roleAssignments',
    name,
  };
}

/** RoleDefinition of api-version 2022-04-01, as it is read in a subscription; `''` for the tenant. */
export function definitionResource(role: RoleDefinition, subscription: string) {
  const { id, permissions, ...properties } = role;
  return {
    properties: {
      roleName: properties.roleName,
      type: properties.type,
      description: properties.description,
      assignableScopes: properties.assignableScopes,
      permissions: permissions.map(({ delegableRoles: _, ...permission }) => permission),
      createdOn: properties.createdOn,
      updatedOn: properties.updatedOn,
      createdBy: properties.createdBy,
      updatedBy: properties.updatedBy,
    },
    id: `${subscription}${provider}/roleDefinitions/${id}`,
    type: 'Microsoft.Authorization/roleDefinitions',
    name: id,
  };
}

/** ManagementLockObject of api-version 2020-05-01. */
export function lockResource({ name, scope, level, notes }: Lock) {
  return {
    properties: { level, ...(notes !== undefined && { notes }) },
    id: `${scope}${provider}/locks/${name}`,
    type: 'Microsoft.Authorization/locks',
    name,
  };
}

/** ARM id of the subscription that a call is about. */
export function subscriptionId({ subscription }: ControlCall): string {
  return `/subscriptions/${subscription.subscriptionId}`;
}

/** The scope of the path, taken apart. */
export function scopeOf(
  call: ControlCall,
): { readonly ok: true; readonly scope: Scope } | Extract<ControlOutcome, { ok: false }> {
  const scope = parseScope(call.params['scope'] ?? '');
  if (scope !== undefined) return { ok: true, scope };
  return refuse({ kind: 'invalidScope', scope: call.params['scope'] ?? '' });
}

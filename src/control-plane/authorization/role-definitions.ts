import { builtInRoles } from '../../access/built-in-roles.ts';
import { isAssignableAt, putRole, deleteRole } from '../../resources/authorization/role-definitions.ts';
import type { RoleDefinition } from '../../types/role.ts';
import { answer, badRequest, orRefuse, refuse, refuseIf } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { scopeOf, authorizationProvider } from './scope.ts';
import { readFilter } from './filter.ts';

const readAction = 'Microsoft.Authorization/roleDefinitions/read';

const definitionsPath = `{scope}${authorizationProvider}/roleDefinitions`;
const definitionPath = `${definitionsPath}/:roleDefinitionId`;

/** GET …/roleDefinitions/{id}: get and getById. */
const getRoleDefinition: ControlOperation = {
  method: 'GET',
  path: definitionPath,
  action: readAction,
  async run(call) {
    const role = definitionOf(call);
    if (role !== undefined) return answer(200, definitionResource(role, subscriptionId(call)));
    return refuse({ kind: 'roleDefinitionNotFound', id: call.params['roleDefinitionId'] ?? '' });
  },
};

/**
 * GET /providers/Microsoft.Authorization/roleDefinitions/{id}: a built-in role, which belongs to the tenant and is
 * public.
 */
const getBuiltInRoleDefinition: ControlOperation = {
  method: 'GET',
  path: '/providers/Microsoft.Authorization/roleDefinitions/:roleDefinitionId',
  action: readAction,
  shows: 'own',
  async run({ params }) {
    const id = params['roleDefinitionId'] ?? '';
    const role = builtInRoles.get(id.toLowerCase()) ?? refuse({ kind: 'roleDefinitionNotFound', id });
    return answer(200, definitionResource(role, ''));
  },
};

/** The role of the path, if it can be assigned at the path's scope or below. */
function definitionOf({ access, params }: ControlCall): RoleDefinition | undefined {
  const role = access.authorization.roles.get(params['roleDefinitionId']?.toLowerCase() ?? '');
  return role !== undefined && isAssignableAt(role, params['scope']?.toLowerCase() ?? '', true) ? role : undefined;
}

const forms = ["roleName eq '…'", "type eq '…'", 'atScopeAndBelow()', 'atScope()'] as const;

/** GET …/roleDefinitions: the roles that can be assigned at the scope; with `atScopeAndBelow()`, also below it. */
const listRoleDefinitions: ControlOperation = {
  method: 'GET',
  path: definitionsPath,
  action: 'Microsoft.Authorization/roleDefinitions/read',
  async run(call) {
    const scope = scopeOf(call).id.toLowerCase();
    const asked = readFilter(call.query['$filter'], forms);
    if (!asked.ok) return badRequest(asked.message);
    const { filter } = asked;
    const roleName = filter.get("roleName eq '…'")?.toLowerCase();
    const type = filter.get("type eq '…'")?.toLowerCase();
    const value = [...call.access.authorization.roles.values()]
      .filter((role) => isAssignableAt(role, scope, filter.has('atScopeAndBelow()')))
      .filter((role) => roleName === undefined || role.roleName.toLowerCase() === roleName)
      .filter((role) => type === undefined || role.type.toLowerCase() === type)
      .map((role) => definitionResource(role, subscriptionId(call)));
    return answer(200, { value, nextLink: null });
  },
};

/** PUT …/roleDefinitions/{id}: a custom role. The caller needs the action at every scope where it can be assigned. */
const createOrUpdateRoleDefinition: ControlOperation = {
  method: 'PUT',
  path: definitionPath,
  action: 'Microsoft.Authorization/roleDefinitions/write',
  async run(call) {
    // A role is stored for the whole subscription, but the path must still name a scope.
    scopeOf(call);
    const { authorization, linkedRefusal } = call.access;
    const request = {
      id: call.params['roleDefinitionId'] ?? '',
      properties: call.body['properties'],
      now: call.nowMs,
      by: call.caller.objectId,
    };
    const { role, change } = orRefuse(putRole(request, authorization));
    const before = authorization.roles.get(role.id)?.assignableScopes ?? [];
    for (const scope of [...before, ...role.assignableScopes]) {
      refuseIf(linkedRefusal(createOrUpdateRoleDefinition.action, scope));
    }
    return { ...answer(201, definitionResource(role, subscriptionId(call))), change };
  },
};

/** DELETE …/roleDefinitions/{id}: a custom role without assignments; 204 if it does not exist. */
const deleteRoleDefinition: ControlOperation = {
  method: 'DELETE',
  path: definitionPath,
  action: 'Microsoft.Authorization/roleDefinitions/delete',
  async run(call) {
    const role = definitionOf(call);
    if (role === undefined) return answer(204);
    const { authorization, linkedRefusal } = call.access;
    const change = orRefuse(deleteRole(role, authorization));
    for (const scope of role.assignableScopes) {
      refuseIf(linkedRefusal(deleteRoleDefinition.action, scope));
    }
    return { ...answer(200, definitionResource(role, subscriptionId(call))), change };
  },
};

/**
 * RoleDefinition of api-version 2022-04-01, as it is read in the subscription with that ARM id; `''` for the tenant.
 */
function definitionResource(role: RoleDefinition, subscription: string) {
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
    id: `${subscription}${authorizationProvider}/roleDefinitions/${id}`,
    type: 'Microsoft.Authorization/roleDefinitions',
    name: id,
  };
}

/** The ARM id of a call's subscription. */
function subscriptionId({ subscription }: ControlCall): string {
  return `/subscriptions/${subscription.subscriptionId}`;
}

/** Every operation on role definitions. */
export const roleDefinitionOperations: readonly ControlOperation[] = [
  createOrUpdateRoleDefinition,
  getRoleDefinition,
  getBuiltInRoleDefinition,
  deleteRoleDefinition,
  listRoleDefinitions,
];

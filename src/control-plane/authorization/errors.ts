import type { Errors } from '../refusal.ts';

/** The refusals of role assignments, roles and locks (role-based-access-control "troubleshoot", recorded answers). */
export const authorizationErrors = {
  notAuthorized: {
    status: 403,
    code: 'AuthorizationFailed',
    message: ({ objectId, action, scope }) =>
      `The client '${objectId}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  },
  linkedNotAuthorized: {
    status: 403,
    code: 'LinkedAuthorizationFailed',
    message: ({ objectId, action, scope, linkedAction, linkedScope }) =>
      `The client '${objectId}' with object id '${objectId}' has permission to perform action '${action}' on scope '${scope}'; however, it does not have permission to perform action(s) '${linkedAction}' on the linked scope(s) '${linkedScope}' (respectively) or the linked scope(s) are invalid.`,
  },
  scopeLocked: {
    status: 409,
    code: 'ScopeLocked',
    message: ({ operation, scope, locked }) =>
      `The scope '${scope}' cannot perform ${operation} operation because following scope(s) are locked: '${locked.join("','")}'. Please remove the lock and try again.`,
  },
  lockNotFound: {
    status: 404,
    code: 'LockNotFound',
    message: ({ name }) => `The lock '${name}' could not be found.`,
  },
  invalidScope: {
    status: 400,
    code: 'InvalidScope',
    message: ({ scope }) =>
      `'${scope}' is not a scope: give the id of a subscription, a resource group, a resource, or an object of a vault, such as '…/providers/Microsoft.KeyVault/vaults/kv/secrets/name'.`,
  },
  invalidRoleAssignmentId: {
    status: 400,
    code: 'InvalidRoleAssignmentId',
    message: ({ id }) => `The role assignment ID '${id}' is not valid. The role assignment ID must be a GUID.`,
  },
  invalidPrincipalId: {
    status: 400,
    code: 'InvalidPrincipalId',
    message: ({ id }) => `The principal ID '${id}' is not valid. Principal ID must be a GUID.`,
  },
  roleAssignmentNotFound: {
    status: 404,
    code: 'RoleAssignmentNotFound',
    message: ({ id }) => `The role assignment '${id}' is not found.`,
  },
  roleAssignmentExists: {
    status: 409,
    code: 'RoleAssignmentExists',
    message: ({ existing }) =>
      `The role assignment already exists. The ID of the existing role assignment is ${existing.replaceAll('-', '')}.`,
  },
  roleAssignmentUpdateNotPermitted: {
    status: 400,
    code: 'RoleAssignmentUpdateNotPermitted',
    message: () => 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  },
  roleAssignmentLimitExceeded: {
    status: 400,
    code: 'RoleAssignmentLimitExceeded',
    message: ({ limit }) =>
      `The role assignment limit of the subscription is exceeded. No more role assignments can be created: it has ${limit}.`,
  },
  roleDefinitionNotFound: {
    status: 404,
    code: 'RoleDefinitionDoesNotExist',
    message: ({ id }) => `The specified role definition with ID '${id}' does not exist.`,
  },
  roleDefinitionUnknown: {
    status: 400,
    code: 'RoleDefinitionDoesNotExist',
    message: ({ id }) => `The specified role definition with ID '${id}' does not exist.`,
  },
  invalidRoleDefinition: { status: 400, code: 'InvalidRoleDefinition', message: ({ message }) => message },
  roleDefinitionWithSameNameExists: {
    status: 409,
    code: 'RoleDefinitionWithSameNameExists',
    message: ({ name }) =>
      `A custom role with the same name already exists in this directory. Use a different name than '${name}'.`,
  },
  roleDefinitionHasAssignments: {
    status: 400,
    code: 'RoleDefinitionHasAssignments',
    message: () => 'There are existing role assignments referencing role (code: RoleDefinitionHasAssignments).',
  },
  roleDefinitionLimitExceeded: {
    status: 400,
    code: 'RoleDefinitionLimitExceeded',
    message: ({ limit }) =>
      `Role definition limit exceeded. No more role definitions can be created: there are ${limit}.`,
  },
} satisfies Partial<Errors>;

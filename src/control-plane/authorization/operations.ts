import type { ControlOperation } from '../operation.ts';
import { createOrUpdateLock } from './create-or-update-lock.ts';
import { createOrUpdateRoleDefinition } from './create-or-update-role-definition.ts';
import { createRoleAssignment } from './create-role-assignment.ts';
import { deleteLock } from './delete-lock.ts';
import { deleteRoleAssignment } from './delete-role-assignment.ts';
import { deleteRoleDefinition } from './delete-role-definition.ts';
import { getLock } from './get-lock.ts';
import { getRoleAssignment } from './get-role-assignment.ts';
import { getBuiltInRoleDefinition, getRoleDefinition } from './get-role-definition.ts';
import { listLocks } from './list-locks.ts';
import { listPermissions } from './list-permissions.ts';
import { listRoleAssignments } from './list-role-assignments.ts';
import { listRoleDefinitions } from './list-role-definitions.ts';

/** Every operation of Microsoft.Authorization. */
export const authorizationOperations: readonly ControlOperation[] = [
  createRoleAssignment,
  getRoleAssignment,
  deleteRoleAssignment,
  listRoleAssignments,
  createOrUpdateRoleDefinition,
  getRoleDefinition,
  getBuiltInRoleDefinition,
  deleteRoleDefinition,
  listRoleDefinitions,
  listPermissions,
  createOrUpdateLock,
  getLock,
  deleteLock,
  listLocks,
];

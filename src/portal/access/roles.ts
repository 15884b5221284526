import { compileAssignments, isWithin } from '../../access/role-assignments.ts';
import type { CompiledAssignments } from '../../access/role-assignments.ts';
import type { PrincipalType, RolePermission } from '../../types/role.ts';

export const roleApiVersion = 'api-version=2022-04-01';

/** A role definition, as the resource manager answers it. */
export interface Role {
  readonly id: string;
  /** GUID. */
  readonly name: string;
  readonly properties: {
    readonly roleName: string;
    readonly description: string;
    readonly permissions: readonly RolePermission[];
  };
}

export interface Assignment {
  readonly id: string;
  readonly name: string;
  readonly properties: {
    readonly roleDefinitionId: string;
    readonly principalId: string;
    readonly principalType: PrincipalType;
    readonly scope: string;
  };
}

export function roleIdOf({ properties }: Assignment): string {
  return properties.roleDefinitionId.slice(properties.roleDefinitionId.lastIndexOf('/') + 1).toLowerCase();
}

/** The assignments, ready to be judged by. */
export function compiled(
  tenantId: string,
  assignments: readonly Assignment[],
  roles: readonly Role[],
): CompiledAssignments {
  const never = { description: null, createdOn: '', updatedOn: '', createdBy: '', updatedBy: '' };
  return compileAssignments(
    tenantId,
    assignments.map((assignment) => ({
      ...never,
      name: assignment.name.toLowerCase(),
      scope: assignment.properties.scope,
      role: roleIdOf(assignment),
      principalId: assignment.properties.principalId.toLowerCase(),
      principalType: assignment.properties.principalType,
    })),
    new Map(
      roles.map(({ name, properties: { roleName, description, permissions } }) => [
        name.toLowerCase(),
        {
          ...never,
          id: name.toLowerCase(),
          roleName,
          description,
          type: 'BuiltInRole' as const,
          permissions,
          assignableScopes: [],
          createdBy: null,
          updatedBy: null,
        },
      ]),
    ),
  );
}

/** Where an assignment holds, as seen from the vault: `this vault`, `secrets/greeting`, `resource group demo`. */
export function scopeText(scope: string, vaultId: string): string {
  const [at, vault] = [scope.toLowerCase(), vaultId.toLowerCase()];
  if (at === vault) return 'this vault';
  if (isWithin(at, vault)) return scope.slice(vaultId.length + 1);
  const segments = scope.split('/');
  return segments.length > 4 ? `resource group ${segments[4] ?? ''}` : 'subscription';
}

/** Whether it belongs to this vault, and may be removed here. */
export function isOwn({ properties }: Assignment, vaultId: string): boolean {
  return isWithin(properties.scope.toLowerCase(), vaultId.toLowerCase());
}

/** Roles that give something inside of vaults come first. */
export function byUse(roles: readonly Role[]): { readonly inside: readonly Role[]; readonly others: readonly Role[] } {
  const sorted = roles.toSorted((one, other) => one.properties.roleName.localeCompare(other.properties.roleName));
  const isInside = ({ properties }: Role) => properties.permissions.some(({ dataActions }) => dataActions.length > 0);
  return { inside: sorted.filter(isInside), others: sorted.filter((role) => !isInside(role)) };
}

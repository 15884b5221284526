/** One of the `permissions` of a role: what it allows, less what it takes away again. Names may have `*` for anything. */
export interface RolePermission {
  /** On resources, through the resource manager. */
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  /** On what is in them, through the vault. */
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  /** Where there is one, the permission to write and to delete role assignments holds for these roles (GUIDs) only. */
  readonly delegableRoles?: readonly string[];
}

export interface RoleDefinition {
  /** GUID in lower case, the last segment of its ARM id. */
  readonly id: string;
  readonly roleName: string;
  readonly description: string;
  readonly type: 'BuiltInRole' | 'CustomRole';
  readonly permissions: readonly RolePermission[];
  /** ARM ids, `/` for everywhere. */
  readonly assignableScopes: readonly string[];
  /** ISO 8601. */
  readonly createdOn: string;
  readonly updatedOn: string;
  /** Object ids; of a built-in role nobody's. */
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
}

export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal' | 'ForeignGroup' | 'Device';

/** Who may do what of a role, at a scope and below it. */
export interface RoleAssignment {
  /** GUID in lower case, the last segment of its ARM id. */
  readonly name: string;
  /** ARM id as it was sent: a subscription, a resource group, a resource or a single object of a vault. */
  readonly scope: string;
  /** GUID of the role in lower case. */
  readonly role: string;
  /** Object id in lower case. */
  readonly principalId: string;
  readonly principalType: PrincipalType;
  readonly description: string | null;
  readonly createdOn: string;
  readonly updatedOn: string;
  readonly createdBy: string;
  readonly updatedBy: string;
}

/** One of the `permissions` of a role: what it allows, without what it excludes. Names may have `*` as a wildcard. */
export interface RolePermission {
  /** On resources, through the resource manager. */
  readonly actions: readonly string[];
  readonly notActions: readonly string[];
  /** On the contents of resources, through the vault. */
  readonly dataActions: readonly string[];
  readonly notDataActions: readonly string[];
  /** If present, the permission to write and delete role assignments is limited to these roles (GUIDs). */
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
  /** Object ids; `null` for a built-in role. */
  readonly createdBy: string | null;
  readonly updatedBy: string | null;
}

export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal' | 'ForeignGroup' | 'Device';

/** Gives a principal a role, at a scope and below it. */
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

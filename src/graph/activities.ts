/** A change of the directory under its name in Entra's audit log (Microsoft, "Microsoft Entra audit log categories and activities"). */
export interface Activity {
  readonly operationName: string;
  readonly category: 'UserManagement' | 'GroupManagement' | 'ApplicationManagement';
  /** The type of the changed object. */
  readonly type: 'User' | 'Group' | 'Application' | 'ServicePrincipal';
}

const ofUsers = { category: 'UserManagement', type: 'User' } as const;
const ofGroups = { category: 'GroupManagement', type: 'Group' } as const;
const ofApplications = { category: 'ApplicationManagement', type: 'Application' } as const;
const ofPrincipals = { category: 'ApplicationManagement', type: 'ServicePrincipal' } as const;

/** With an en dash, as in Entra. */
const certificatesAndSecrets = {
  ...ofApplications,
  operationName: 'Update application – Certificates and secrets management',
};

export const activities = {
  addUser: { ...ofUsers, operationName: 'Add user' },
  updateUser: { ...ofUsers, operationName: 'Update user' },
  revokeSignInSessions: { ...ofUsers, operationName: 'Update StsRefreshTokenValidFrom Timestamp' },
  addGroup: { ...ofGroups, operationName: 'Add group' },
  updateGroup: { ...ofGroups, operationName: 'Update group' },
  addMember: { ...ofGroups, operationName: 'Add member to group' },
  removeMember: { ...ofGroups, operationName: 'Remove member from group' },
  addApplication: { ...ofApplications, operationName: 'Add application' },
  updateApplication: { ...ofApplications, operationName: 'Update application' },
  certificatesAndSecrets,
  addServicePrincipal: { ...ofPrincipals, operationName: 'Add service principal' },
  updateServicePrincipal: { ...ofPrincipals, operationName: 'Update service principal' },
} as const satisfies Readonly<Record<string, Activity>>;

export const deletions = {
  user: { ...ofUsers, operationName: 'Delete user' },
  group: { ...ofGroups, operationName: 'Delete group' },
  application: { ...ofApplications, operationName: 'Delete application' },
  servicePrincipal: { ...ofPrincipals, operationName: 'Remove service principal' },
} as const satisfies Readonly<Record<string, Activity>>;

export const secretsAdded = {
  application: certificatesAndSecrets,
  servicePrincipal: { ...ofPrincipals, operationName: 'Add service principal credentials' },
} as const satisfies Readonly<Record<string, Activity>>;

export const secretsRemoved = {
  application: certificatesAndSecrets,
  servicePrincipal: { ...ofPrincipals, operationName: 'Remove service principal credentials' },
} as const satisfies Readonly<Record<string, Activity>>;

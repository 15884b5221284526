import type { RoleDefinition, RolePermission } from '../types/role.ts';

/** The resource manager actions of the roles for a key vault's data plane. */
const vaultReading = [
  'Microsoft.Authorization/*/read',
  'Microsoft.Insights/alertRules/*',
  'Microsoft.Resources/deployments/*',
  'Microsoft.Resources/subscriptions/resourceGroups/read',
  'Microsoft.Support/*',
  'Microsoft.KeyVault/checkNameAvailability/read',
  'Microsoft.KeyVault/deletedVaults/read',
  'Microsoft.KeyVault/locations/*/read',
  'Microsoft.KeyVault/vaults/*/read',
  'Microsoft.KeyVault/operations/read',
];

const rbacVaultsOnly = "Only works for key vaults that use the 'Azure role-based access control' permission model.";

/** GUIDs of the roles that the code refers to. */
export const roleIds = {
  owner: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
  /** Not one of Azure's. */
  networkReader: '89e3ad28-256e-4854-b5c3-84c5dadf9ec2',
} as const;

/** The roles that the Key Vault Data Access Administrator may assign; in Azure they are a condition of that role. */
const dataAccessRoles = [
  '00482a5a-887f-4fb3-b363-3b7fe8e74483',
  'a4417e6f-fecd-4de8-b567-7b0420556985',
  '14b46e9e-c2b7-41b4-b07b-48a6ebf60603',
  'e147488a-f6f5-4113-8e2d-b22465e65bf6',
  '12338af0-0e69-4776-bea7-57ae8d297424',
  '21090545-7ca7-4776-b22c-e363652d74d2',
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7',
  '4633458b-17de-408a-b874-0445c86b69e6',
];

/**
 * Azure's built-in roles for the resources that exist here, with Azure's ids and permissions (built-in-roles), and one for
 * what Azure does not have. An id is the same in every tenant.
 */
export const builtInRoles: ReadonlyMap<string, RoleDefinition> = new Map(
  [
    builtIn(roleIds.owner, 'Owner', {
      description: 'Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.',
      actions: ['*'],
    }),
    builtIn('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', {
      description:
        'Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC, manage assignments in Azure Blueprints, or share image galleries.',
      actions: ['*'],
      notActions: [
        'Microsoft.Authorization/*/Delete',
        'Microsoft.Authorization/*/Write',
        'Microsoft.Authorization/elevateAccess/Action',
        'Microsoft.Blueprint/blueprintAssignments/write',
        'Microsoft.Blueprint/blueprintAssignments/delete',
        'Microsoft.Compute/galleries/share/action',
        'Microsoft.Purview/consents/write',
        'Microsoft.Purview/consents/delete',
        'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
      ],
    }),
    builtIn(roleIds.reader, 'Reader', {
      description: 'View all resources, but does not allow you to make any changes.',
      actions: ['*/read'],
    }),
    builtIn('18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', 'User Access Administrator', {
      description: 'Lets you manage user access to Azure resources.',
      actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
    }),
    builtIn('f58310d9-a9f6-439a-9e8d-f62e7b41a168', 'Role Based Access Control Administrator', {
      description:
        'Manage access to Azure resources by assigning roles using Azure RBAC. This role does not allow you to manage access using other ways, such as Azure Policy.',
      actions: [
        'Microsoft.Authorization/roleAssignments/write',
        'Microsoft.Authorization/roleAssignments/delete',
        '*/read',
        'Microsoft.Support/*',
      ],
    }),
    builtIn('4d97b98b-1d4f-4787-a291-c67834d212e7', 'Network Contributor', {
      description: 'Lets you manage networks, but not access to them.',
      actions: [
        'Microsoft.Authorization/*/read',
        'Microsoft.Insights/alertRules/*',
        'Microsoft.Network/*',
        'Microsoft.ResourceHealth/availabilityStatuses/read',
        'Microsoft.Resources/deployments/*',
        'Microsoft.Resources/subscriptions/resourceGroups/read',
        'Microsoft.Support/*',
      ],
    }),
    builtIn('f25e0fa2-a7c8-4377-a976-54943a77a395', 'Key Vault Contributor', {
      description: 'Lets you manage key vaults, but not access to them.',
      actions: [
        'Microsoft.Authorization/*/read',
        'Microsoft.Insights/alertRules/*',
        'Microsoft.KeyVault/*',
        'Microsoft.Resources/deployments/*',
        'Microsoft.Resources/subscriptions/resourceGroups/read',
        'Microsoft.Support/*',
      ],
      notActions: [
        'Microsoft.KeyVault/locations/deletedVaults/purge/action',
        'Microsoft.KeyVault/hsmPools/*',
        'Microsoft.KeyVault/managedHsms/*',
      ],
    }),
    builtIn('a68e7c17-0ab2-4c09-9a58-125dae29748c', 'Key Vault Purge Operator', {
      description: 'Allows permanent deletion of soft-deleted vaults.',
      actions: [
        'Microsoft.Authorization/*/read',
        'Microsoft.Insights/alertRules/*',
        'Microsoft.Resources/deployments/*',
        'Microsoft.Resources/subscriptions/resourceGroups/read',
        'Microsoft.KeyVault/deletedVaults/read',
        'Microsoft.KeyVault/locations/deletedVaults/read',
        'Microsoft.KeyVault/locations/deletedVaults/purge/action',
        'Microsoft.KeyVault/locations/operationResults/read',
      ],
    }),
    builtIn('8b54135c-b56d-4d72-a534-26097cfdc8d8', 'Key Vault Data Access Administrator', {
      description:
        'Manage access to Azure Key Vault by adding or removing role assignments for the Key Vault Administrator, Key Vault Certificates Officer, Key Vault Crypto Officer, Key Vault Crypto Service Encryption User, Key Vault Crypto User, Key Vault Reader, Key Vault Secrets Officer, or Key Vault Secrets User roles. Includes an ABAC condition to constrain role assignments.',
      actions: [
        'Microsoft.Authorization/roleAssignments/write',
        'Microsoft.Authorization/roleAssignments/delete',
        'Microsoft.Authorization/*/read',
        'Microsoft.Resources/deployments/*',
        'Microsoft.Resources/subscriptions/resourceGroups/read',
        'Microsoft.Resources/subscriptions/read',
        'Microsoft.Management/managementGroups/read',
        'Microsoft.Support/*',
        'Microsoft.KeyVault/vaults/*/read',
      ],
      delegableRoles: dataAccessRoles,
    }),
    builtIn('00482a5a-887f-4fb3-b363-3b7fe8e74483', 'Key Vault Administrator', {
      description: `Perform all data plane operations on a key vault and all objects in it, including certificates, keys, and secrets. Cannot manage key vault resources or manage role assignments. ${rbacVaultsOnly}`,
      actions: vaultReading,
      dataActions: ['Microsoft.KeyVault/vaults/*'],
    }),
    builtIn('21090545-7ca7-4776-b22c-e363652d74d2', 'Key Vault Reader', {
      description: `Read metadata of key vaults and its certificates, keys, and secrets. Cannot read sensitive values such as secret contents or key material. ${rbacVaultsOnly}`,
      actions: vaultReading,
      dataActions: ['Microsoft.KeyVault/vaults/*/read', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'],
    }),
    builtIn('b86a8fe4-44ce-4948-aee5-eccb2c155cd7', 'Key Vault Secrets Officer', {
      description: `Perform any action on the secrets of a key vault, except manage permissions. ${rbacVaultsOnly}`,
      actions: vaultReading,
      dataActions: ['Microsoft.KeyVault/vaults/secrets/*'],
    }),
    builtIn('4633458b-17de-408a-b874-0445c86b69e6', 'Key Vault Secrets User', {
      description: `Read secret contents. ${rbacVaultsOnly}`,
      dataActions: [
        'Microsoft.KeyVault/vaults/secrets/getSecret/action',
        'Microsoft.KeyVault/vaults/secrets/readMetadata/action',
      ],
    }),
    builtIn('14b46e9e-c2b7-41b4-b07b-48a6ebf60603', 'Key Vault Crypto Officer', {
      description: `Perform any action on the keys of a key vault, except manage permissions. ${rbacVaultsOnly}`,
      actions: vaultReading,
      dataActions: ['Microsoft.KeyVault/vaults/keys/*', 'Microsoft.KeyVault/vaults/keyrotationpolicies/*'],
    }),
    builtIn('12338af0-0e69-4776-bea7-57ae8d297424', 'Key Vault Crypto User', {
      description: `Perform cryptographic operations using keys. ${rbacVaultsOnly}`,
      dataActions: [
        'Microsoft.KeyVault/vaults/keys/read',
        'Microsoft.KeyVault/vaults/keys/update/action',
        'Microsoft.KeyVault/vaults/keys/backup/action',
        'Microsoft.KeyVault/vaults/keys/encrypt/action',
        'Microsoft.KeyVault/vaults/keys/decrypt/action',
        'Microsoft.KeyVault/vaults/keys/wrap/action',
        'Microsoft.KeyVault/vaults/keys/unwrap/action',
        'Microsoft.KeyVault/vaults/keys/sign/action',
        'Microsoft.KeyVault/vaults/keys/verify/action',
      ],
    }),
    builtIn('e147488a-f6f5-4113-8e2d-b22465e65bf6', 'Key Vault Crypto Service Encryption User', {
      description: `Read metadata of keys and perform wrap/unwrap operations. ${rbacVaultsOnly}`,
      actions: [
        'Microsoft.EventGrid/eventSubscriptions/write',
        'Microsoft.EventGrid/eventSubscriptions/read',
        'Microsoft.EventGrid/eventSubscriptions/delete',
      ],
      dataActions: [
        'Microsoft.KeyVault/vaults/keys/read',
        'Microsoft.KeyVault/vaults/keys/wrap/action',
        'Microsoft.KeyVault/vaults/keys/unwrap/action',
      ],
    }),
    builtIn('08bbd89e-9f13-488c-ac41-acfcb10c90ab', 'Key Vault Crypto Service Release User', {
      description: `Release keys. ${rbacVaultsOnly}`,
      dataActions: ['Microsoft.KeyVault/vaults/keys/release/action'],
    }),
    builtIn('a4417e6f-fecd-4de8-b567-7b0420556985', 'Key Vault Certificates Officer', {
      description: `Perform any action on the certificates of a key vault, except manage permissions. ${rbacVaultsOnly}`,
      actions: vaultReading,
      dataActions: [
        'Microsoft.KeyVault/vaults/certificatecas/*',
        'Microsoft.KeyVault/vaults/certificates/*',
        'Microsoft.KeyVault/vaults/certificatecontacts/write',
      ],
    }),
    builtIn('db79e9a7-68ee-4b58-9aeb-b90e7c24fcba', 'Key Vault Certificate User', {
      description: `Read certificate contents. ${rbacVaultsOnly}`,
      dataActions: [
        'Microsoft.KeyVault/vaults/certificates/read',
        'Microsoft.KeyVault/vaults/secrets/getSecret/action',
        'Microsoft.KeyVault/vaults/secrets/readMetadata/action',
        'Microsoft.KeyVault/vaults/keys/read',
      ],
    }),
    builtIn(roleIds.networkReader, 'Postern Network Reader', {
      description:
        'Read what builds the virtual networks of the subscription, and nothing else. Azure does not have it.',
      actions: ['Postern.Fabric/networks/read'],
    }),
  ].map((role) => [role.id, role]),
);

function builtIn(
  id: string,
  roleName: string,
  { description, ...given }: Partial<RolePermission> & { readonly description: string },
): RoleDefinition {
  // Azure gives each role its own time; nothing here depends on it.
  const madeAt = '2015-02-02T21:55:09.8806423Z';
  const permission = { actions: [], notActions: [], dataActions: [], notDataActions: [], ...given };
  return {
    id,
    roleName,
    description,
    type: 'BuiltInRole',
    permissions: [permission],
    assignableScopes: ['/'],
    createdOn: madeAt,
    updatedOn: madeAt,
    createdBy: null,
    updatedBy: null,
  };
}

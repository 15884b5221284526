import type { Permission } from '../types/operation.ts';
import type { VaultSwitch } from '../types/vault.ts';

/** A service of the list: how its calls are recognised, and for which permissions it may bypass the firewall. */
export interface TrustedService {
  readonly name: string;
  /** In the document's words. */
  readonly scenario: string;
  readonly callers: readonly ServiceCaller[];
  /** The vault's switch that holds for the service's calls, in place of an access policy or a role. */
  readonly vaultSwitch?: VaultSwitch;
}

/** Trust is per scenario, not per service (network-security.md): a caller is trusted for these permissions only. */
export type ServiceCaller = (ServiceApplication | ServiceIdentity) & { readonly permissions: readonly Permission[] };

interface ServiceApplication {
  /** Applications in the services' tenant. */
  readonly applicationIds: readonly string[];
}

export interface ServiceIdentity {
  /** Types of the resources whose managed identity calls, in lower case. */
  readonly resourceTypes: readonly string[];
  /** The kind of identity that the service's document names; both, where it names both. */
  readonly identity?: 'systemAssigned' | 'userAssigned';
}

/** How a caller is recognised, for people. */
export function describeCaller(caller: ServiceCaller, quote = (id: string): string => id): string {
  if ('applicationIds' in caller) return `application ${caller.applicationIds.map(quote).join(' or ')}`;
  const { identity, resourceTypes } = caller;
  const kind = identity === undefined ? '' : identity === 'systemAssigned' ? 'system-assigned ' : 'user-assigned ';
  return `${kind}identity of ${resourceTypes.map(quote).join(' or ')}`;
}

/** A service that encrypts at rest under the customer's key wraps its own data key with it. */
export const customerManagedKey: readonly Permission[] = ['keys/get', 'keys/wrapKey', 'keys/unwrapKey'];

/** Both services' documents ask for the list too ("Configure customer-managed keys for encrypting … data at rest"). */
const messagingKey: readonly Permission[] = [...customerManagedKey, 'keys/list'];

/** The data encryption key is sent to the vault "to be decrypted" ("Encryption of data in Data Lake Storage Gen1"). */
const dataLakeKey: readonly Permission[] = [...customerManagedKey, 'keys/encrypt', 'keys/decrypt'];

/**
 * Compute's resource providers, by the ids that these applications have in Entra directories; no document says which of
 * the two makes which call, so each is accepted for both of compute's services.
 */
const compute = ['60e6cd67-9c8c-4951-9b3c-23c25a2169af', '579d9c9d-4c83-4efc-8124-7eba65ed3356'];

/**
 * The document's 18 services in its order. An application id is listed only where a document or a recorded answer of
 * the service has it; a service without one calls with the managed identity of the customer's resource.
 */
export const documentedServices: readonly TrustedService[] = [
  {
    name: 'Azure Virtual Machines deployment service',
    scenario: 'Deploy certificates to VMs from customer-managed Key Vault.',
    callers: [{ applicationIds: compute, permissions: ['secrets/get'] }],
    vaultSwitch: 'enabledForDeployment',
  },
  {
    name: 'Azure Resource Manager template deployment service',
    scenario: 'Pass secure values during deployment.',
    callers: [
      // Recorded: "name=ARM" in the service's 403.
      { applicationIds: ['797f4846-ba00-4fd7-ba43-dac1f8f63013'], permissions: ['secrets/get'] },
    ],
    vaultSwitch: 'enabledForTemplateDeployment',
  },
  {
    name: 'Azure Application Gateway v2 SKU',
    scenario: 'TLS termination with Key Vault certificates',
    callers: [
      // "leveraging User Managed Identities" ("TLS termination with Key Vault certificates").
      {
        resourceTypes: ['microsoft.network/applicationgateways'],
        identity: 'userAssigned',
        permissions: ['secrets/get'],
      },
    ],
  },
  {
    name: 'Azure Disk Encryption volume encryption service',
    scenario:
      'Allow access to BitLocker Key (Windows VM) or DM Passphrase (Linux VM), and Key Encryption Key, ' +
      'during virtual machine deployment. This enables Azure Disk Encryption.',
    callers: [
      {
        applicationIds: compute,
        permissions: ['secrets/get', 'secrets/set', 'keys/get', 'keys/wrapKey', 'keys/unwrapKey'],
      },
    ],
    vaultSwitch: 'enabledForDiskEncryption',
  },
  {
    name: 'Azure Backup',
    scenario:
      'Allow backup and restore of relevant keys and secrets during Azure Virtual Machines backup, by using Azure Backup.',
    callers: [
      // Documented in "Back up and restore Azure VMs with PowerShell", the public cloud's and the US Government's.
      {
        applicationIds: ['262044b1-e2ce-469f-a196-69ab7ada62d3', 'ff281ffe-705c-4f53-9f37-a40e6f2c68f3'],
        permissions: [
          'keys/get',
          'keys/list',
          'keys/backup',
          'keys/restore',
          'secrets/get',
          'secrets/list',
          'secrets/backup',
          'secrets/restore',
        ],
      },
      // Recorded: "name=Microsoft.RecoveryServices/vaults" in the service's 403, for a vault with a customer-managed key.
      {
        resourceTypes: ['microsoft.recoveryservices/vaults'],
        identity: 'systemAssigned',
        permissions: customerManagedKey,
      },
    ],
  },
  {
    name: 'Exchange Online & SharePoint Online',
    scenario: 'Allow access to customer key for Azure Storage Service Encryption with Customer Key.',
    callers: [
      // Documented in "Set up Customer Key": Exchange, then SharePoint.
      {
        applicationIds: ['00000002-0000-0ff1-ce00-000000000000', '00000003-0000-0ff1-ce00-000000000000'],
        permissions: customerManagedKey,
      },
    ],
  },
  {
    name: 'Azure Information Protection',
    scenario: 'Allow access to tenant key for Azure Information Protection.',
    callers: [
      // Documented in "Planning and implementing your Azure Information Protection tenant key", with its permissions.
      {
        applicationIds: ['00000012-0000-0000-c000-000000000000'],
        permissions: ['keys/get', 'keys/decrypt', 'keys/sign'],
      },
    ],
  },
  {
    name: 'Azure App Service',
    scenario: 'Deploy Azure Web App Certificate through Key Vault.',
    callers: [
      // Documented, the public cloud's and the US Government's. The managed identity of an app itself is not trusted.
      {
        applicationIds: ['abfa0a7c-a6b6-4736-8310-5855508787cd', '6a02c803-dafd-4136-b4c3-5a6f318b4714'],
        permissions: ['secrets/get', 'certificates/get'],
      },
    ],
  },
  {
    name: 'Azure SQL Database',
    scenario: 'Transparent Data Encryption with Bring Your Own Key support for Azure SQL Database and Data Warehouse.',
    callers: [
      { resourceTypes: ['microsoft.sql/servers', 'microsoft.sql/managedinstances'], permissions: customerManagedKey },
    ],
  },
  {
    name: 'Azure Storage',
    scenario: 'Storage Service Encryption using customer-managed keys in Azure Key Vault.',
    callers: [{ resourceTypes: ['microsoft.storage/storageaccounts'], permissions: customerManagedKey }],
  },
  {
    name: 'Azure Data Lake Store',
    scenario: 'Encryption of data in Azure Data Lake Store with a customer-managed key.',
    callers: [
      // "Azure Data Lake" in Microsoft's list of first-party applications in sign-in reports.
      { applicationIds: ['e9f49c6b-5ce5-44c8-925d-015017e9f7ad'], permissions: dataLakeKey },
      { resourceTypes: ['microsoft.datalakestore/accounts'], permissions: dataLakeKey },
    ],
  },
  {
    name: 'Azure Databricks',
    scenario: 'Fast, easy, and collaborative Apache Spark–based analytics service',
    callers: [
      // Recorded: "name=AzureDatabricks" in the service's 403.
      { applicationIds: ['2ff814a6-3304-4ab8-85cb-cd0e6f879c1d'], permissions: ['secrets/get', 'secrets/list'] },
    ],
  },
  {
    name: 'Azure API Management',
    scenario: 'Deploy certificates for Custom Domain from Key Vault using MSI',
    callers: [
      // A user-assigned identity is not trusted ("Configure a custom domain name", "Requirements for Key Vault firewall").
      {
        resourceTypes: ['microsoft.apimanagement/service'],
        identity: 'systemAssigned',
        permissions: ['secrets/get', 'secrets/list'],
      },
    ],
  },
  {
    name: 'Azure Data Factory',
    scenario: 'Fetch data store credentials in Key Vault from Data Factory',
    callers: [{ resourceTypes: ['microsoft.datafactory/factories'], permissions: ['secrets/get', 'secrets/list'] }],
  },
  {
    name: 'Azure Event Hubs',
    scenario: 'Allow access to a key vault for customer-managed keys scenario',
    callers: [{ resourceTypes: ['microsoft.eventhub/namespaces'], permissions: messagingKey }],
  },
  {
    name: 'Azure Service Bus',
    scenario: 'Allow access to a key vault for customer-managed keys scenario',
    callers: [{ resourceTypes: ['microsoft.servicebus/namespaces'], permissions: messagingKey }],
  },
  {
    name: 'Azure Import/Export',
    scenario: 'Use customer-managed keys in Azure Key Vault for Import/Export service',
    callers: [
      {
        resourceTypes: ['microsoft.importexport/jobs'],
        identity: 'systemAssigned',
        permissions: customerManagedKey,
      },
    ],
  },
  {
    name: 'Azure Container Registry',
    scenario: 'Registry encryption using customer-managed keys',
    callers: [{ resourceTypes: ['microsoft.containerregistry/registries'], permissions: customerManagedKey }],
  },
];

import { customerManagedKey } from './trusted-services.ts';
import type { TrustedService } from './trusted-services.ts';

/** Services that encrypt at rest under a customer's key, with an identity of the customer's resource. */
const encrypting: readonly (readonly [name: string, scenario: string, resourceTypes: readonly string[]])[] = [
  ['Azure AI Search', 'Customer-managed keys for indexes.', ['microsoft.search/searchservices']],
  ['Azure Batch', 'Customer-managed keys for Batch accounts.', ['microsoft.batch/batchaccounts']],
  [
    'Azure Bot Service',
    'Encryption of data at rest with a customer-managed key.',
    ['microsoft.botservice/botservices'],
  ],
  ['Azure Database for MySQL Single server', 'Data encryption.', ['microsoft.dbformysql/servers']],
  ['Azure Database for MySQL Flexible server', 'Data encryption.', ['microsoft.dbformysql/flexibleservers']],
  ['Azure Database for PostgreSQL Single server', 'Data encryption.', ['microsoft.dbforpostgresql/servers']],
  ['Azure Database for PostgreSQL Flexible server', 'Data encryption.', ['microsoft.dbforpostgresql/flexibleservers']],
  ['Azure Disk Storage', 'Disk encryption sets with a customer-managed key.', ['microsoft.compute/diskencryptionsets']],
  ['Azure Monitor', 'Dedicated clusters with a customer-managed key.', ['microsoft.operationalinsights/clusters']],
  ['Azure NetApp Files', 'Customer-managed keys for volumes.', ['microsoft.netapp/netappaccounts']],
  ['Azure Synapse Analytics', 'Encryption of data with a customer-managed key.', ['microsoft.synapse/workspaces']],
  ['Power Platform', 'Encryption with a customer-managed key.', ['microsoft.powerplatform/enterprisepolicies']],
];

/**
 * The services that Azure has added to its list since the document ("Virtual network service endpoints for Azure Key
 * Vault", 2026-08-20), as far as it can be told how they call. Operations are derived from the scenario. Not here:
 * Azure Policy Scan, whose identity no document names.
 */
export const laterServices: readonly TrustedService[] = [
  ...encrypting.map(([name, scenario, resourceTypes]) => ({
    name,
    scenario,
    callers: [{ resourceTypes, permissions: customerManagedKey }],
  })),
  {
    name: 'Azure Batch user-subscription accounts',
    scenario: 'Certificates and secrets of pools.',
    callers: [
      {
        applicationIds: ['ddbf3205-c6bd-46ae-8127-60eb93363864'],
        permissions: ['secrets/get', 'secrets/set', 'secrets/list', 'secrets/delete'],
      },
    ],
  },
  {
    name: 'Azure Front Door and CDN',
    scenario: "TLS with the customer's own certificate.",
    callers: [
      {
        applicationIds: ['205478c0-bd83-4e1b-a9d6-db63a3e1e1c8'],
        permissions: ['secrets/get', 'certificates/get'],
      },
      { resourceTypes: ['microsoft.cdn/profiles'], permissions: ['secrets/get', 'certificates/get'] },
    ],
  },
  {
    name: 'Azure ExpressRoute Direct',
    scenario: 'MACsec with keys of the customer.',
    callers: [
      {
        resourceTypes: ['microsoft.network/expressrouteports'],
        identity: 'userAssigned',
        permissions: ['secrets/get'],
      },
    ],
  },
  {
    name: 'Azure Firewall Premium',
    scenario: 'TLS inspection with a certificate authority of the customer.',
    callers: [
      {
        resourceTypes: ['microsoft.network/firewallpolicies'],
        identity: 'userAssigned',
        permissions: ['secrets/get'],
      },
    ],
  },
  {
    name: 'Azure Machine Learning',
    scenario: 'Workspaces in a virtual network.',
    callers: [
      {
        resourceTypes: ['microsoft.machinelearningservices/workspaces'],
        permissions: [...customerManagedKey, 'secrets/get', 'secrets/set', 'secrets/list', 'secrets/delete'],
      },
    ],
  },
  {
    name: 'Data Manager for Agriculture',
    scenario: "Licence keys of the customer's own.",
    callers: [{ resourceTypes: ['microsoft.agfoodplatform/farmbeats'], permissions: ['secrets/get'] }],
  },
  {
    name: 'Microsoft Purview',
    scenario: 'Credentials of scanned sources.',
    callers: [{ resourceTypes: ['microsoft.purview/accounts'], permissions: ['secrets/get', 'secrets/list'] }],
  },
  {
    name: 'Microsoft 365 data-at-rest encryption',
    scenario: 'Customer Key.',
    callers: [{ applicationIds: ['c066d759-24ae-40e7-a56f-027002b5d3e4'], permissions: customerManagedKey }],
  },
];

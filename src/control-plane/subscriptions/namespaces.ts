import { kinds } from '../../resources/any/kinds.ts';

/** A resource type, as its provider lists it. */
export interface ProviderType {
  readonly resourceType: string;
  /** Newest first, as Azure lists them. */
  readonly apiVersions: readonly string[];
}

const keyVault = ['2026-02-01', '2025-05-01', '2024-11-01', '2023-07-01', '2023-02-01', '2022-07-01', '2019-09-01'];
const network = ['2025-05-01', '2024-05-01', '2024-01-01', '2023-09-01', '2022-01-01', '2021-02-01'];
const authorization = ['2022-04-01', '2020-10-01', '2018-07-01'];
const resources = ['2025-04-01', '2024-11-01', '2022-12-01', '2021-04-01', '2015-11-01'];

/** Providers, their api-versions and their types, besides the types of `typesOfKinds`. */
const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    'Microsoft.KeyVault',
    keyVault,
    [
      'vaults',
      'vaults/secrets',
      'vaults/accessPolicies',
      'vaults/keys',
      'vaults/privateEndpointConnections',
      'vaults/privateLinkResources',
      'deletedVaults',
      'locations',
      'locations/deletedVaults',
      'locations/operationResults',
      'checkNameAvailability',
      'managedHSMs',
      'deletedManagedHSMs',
      'operations',
    ],
  ],
  [
    'Microsoft.Network',
    network,
    [
      'virtualNetworks',
      'virtualNetworks/subnets',
      'virtualNetworks/virtualNetworkPeerings',
      'locations',
      'locations/operations',
      'locations/operationResults',
      'locations/virtualNetworkAvailableEndpointServices',
      'operations',
    ],
  ],
  ['Microsoft.Authorization', authorization, ['roleAssignments', 'roleDefinitions', 'locks', 'permissions']],
  [
    'Microsoft.Resources',
    resources,
    ['subscriptions', 'resourceGroups', 'resources', 'providers', 'deployments', 'tags'],
  ],
  ['Microsoft.ManagedIdentity', ['2024-11-30', '2023-01-31'], []],
  ['Microsoft.Insights', ['2021-05-01-preview', '2020-02-02'], ['diagnosticSettings', 'components', 'actionGroups']],
  ['Microsoft.OperationalInsights', ['2023-09-01', '2022-10-01'], ['workspaces']],
  [
    'Microsoft.Storage',
    ['2024-01-01', '2023-05-01', '2023-01-01'],
    ['storageAccounts/blobServices', 'storageAccounts/fileServices', 'checkNameAvailability'],
  ],
  ['Microsoft.EventHub', ['2024-01-01', '2022-10-01-preview'], ['namespaces', 'namespaces/eventhubs']],
  ['Microsoft.Web', ['2024-04-01', '2023-12-01'], ['sites', 'sites/slots', 'serverfarms']],
  ['Microsoft.App', ['2024-03-01', '2023-05-01'], ['containerApps', 'managedEnvironments']],
  [
    'Microsoft.Compute',
    ['2024-07-01', '2024-03-01'],
    ['virtualMachines', 'virtualMachineScaleSets', 'disks', 'diskEncryptionSets'],
  ],
  ['Microsoft.ContainerService', ['2024-09-01', '2024-05-01'], ['managedClusters']],
  ['Microsoft.ContainerRegistry', ['2023-07-01'], ['registries']],
  ['Microsoft.Sql', ['2023-08-01', '2021-11-01'], ['servers', 'servers/databases']],
  ['Microsoft.DocumentDB', ['2024-11-15', '2024-05-15'], ['databaseAccounts']],
  ['Microsoft.DataFactory', ['2018-06-01'], ['factories']],
  ['Microsoft.Logic', ['2019-05-01'], ['workflows']],
  ['Microsoft.ApiManagement', ['2024-05-01', '2022-08-01'], ['service']],
  ['Microsoft.Automation', ['2023-11-01'], ['automationAccounts']],
  ['Microsoft.Cdn', ['2024-09-01', '2024-02-01'], ['profiles']],
  ['Microsoft.ServiceBus', ['2024-01-01', '2021-11-01'], ['namespaces']],
];

/** The namespace's types that are stored as generic resources, and those of their items. */
function typesOfKinds(namespace: string): readonly string[] {
  return [...kinds.values()].flatMap(({ type, items }) => {
    if (!type.startsWith(`${namespace}/`)) return [];
    const name = type.slice(namespace.length + 1);
    return items === undefined ? [name] : [name, `${name}/${items.member}`];
  });
}

/**
 * Providers that clients ask for before they create a resource: those that Postern serves, and common ones whose
 * resources are only stored.
 */
export const namespaces: ReadonlyMap<string, { readonly namespace: string; readonly types: readonly ProviderType[] }> =
  new Map(
    table.map(([namespace, apiVersions, types]) => [
      namespace.toLowerCase(),
      {
        namespace,
        types: [...typesOfKinds(namespace), ...types].map((resourceType) => ({ resourceType, apiVersions })),
      },
    ]),
  );

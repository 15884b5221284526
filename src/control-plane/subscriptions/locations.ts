import { regions } from '../../resources/regions.ts';
import type { Region } from '../../resources/regions.ts';
import { answer } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { groupPath } from '../resource-groups/resource-groups.ts';

/** The regions of Azure, for clients that check a location before they send it. This server accepts every location. */
const listLocations: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/locations',
  action: 'Microsoft.Resources/subscriptions/locations/read',
  shows: 'own',
  async run({ subscription }) {
    return answer(200, { value: regions.map((region) => locationResource(subscription.subscriptionId, region)) });
  },
};

function locationResource(subscriptionId: string, region: Region) {
  const { name, displayName, geographyGroup, geography, physicalLocation, latitude, longitude, paired } = region;
  const idOf = (location: string) => `/subscriptions/${subscriptionId}/locations/${location}`;
  return {
    id: idOf(name),
    name,
    type: 'Region',
    displayName,
    regionalDisplayName: `(${geographyGroup}) ${displayName}`,
    metadata: {
      regionType: 'Physical',
      regionCategory: 'Recommended',
      geography,
      geographyGroup,
      longitude,
      latitude,
      physicalLocation,
      pairedRegion: paired === undefined ? [] : [{ name: paired, id: idOf(paired) }],
    },
  };
}

/** Services for which a subnet can have an endpoint. Only the one for Key Vault has an effect here. */
const endpointServices = [
  'Microsoft.Storage',
  'Microsoft.Storage.Global',
  'Microsoft.Sql',
  'Microsoft.AzureActiveDirectory',
  'Microsoft.AzureCosmosDB',
  'Microsoft.Web',
  'Microsoft.KeyVault',
  'Microsoft.EventHub',
  'Microsoft.ServiceBus',
  'Microsoft.ContainerRegistry',
  'Microsoft.CognitiveServices',
];

/** The services for which subnets of a region can have endpoints. The ids do not contain the region, as on Azure. */
const listAvailableEndpointServices: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Network/locations/:location/virtualNetworkAvailableEndpointServices',
  action: 'Microsoft.Network/locations/virtualNetworkAvailableEndpointServices/read',
  async run({ subscription }) {
    const prefix = `/subscriptions/${subscription.subscriptionId}/providers/Microsoft.Network/virtualNetworkEndpointServices`;
    const type = 'Microsoft.Network/virtualNetworkEndpointServices';
    return answer(200, { value: endpointServices.map((name) => ({ name, id: `${prefix}/${name}`, type })) });
  },
};

/** Services to which a subnet can be delegated. A delegation is stored here, but has no effect. */
const delegableServices = [
  'Microsoft.Web/serverFarms',
  'Microsoft.ContainerInstance/containerGroups',
  'Microsoft.App/environments',
  'Microsoft.ContainerService/managedClusters',
  'Microsoft.Netapp/volumes',
  'Microsoft.DBforPostgreSQL/flexibleServers',
  'Microsoft.DBforMySQL/flexibleServers',
  'Microsoft.Sql/managedInstances',
  'Microsoft.Databricks/workspaces',
  'Microsoft.ApiManagement/service',
  'Microsoft.Logic/integrationServiceEnvironments',
  'Microsoft.HardwareSecurityModules/dedicatedHSMs',
];

const delegationsPath = 'providers/Microsoft.Network/locations/:location/availableDelegations';

/** The services to which subnets of a region can be delegated. The ids do not contain the region, as on Azure. */
const listAvailableDelegations: readonly ControlOperation[] = ['/subscriptions/:subscriptionId', groupPath].map(
  (scope) => ({
    method: 'GET',
    path: `${scope}/${delegationsPath}`,
    action: 'Microsoft.Network/locations/availableDelegations/read',
    async run({ subscription }) {
      const type = 'Microsoft.Network/availableDelegations';
      const prefix = `/subscriptions/${subscription.subscriptionId}/providers/${type}`;
      const value = delegableServices.map((serviceName) => {
        const name = serviceName.replaceAll('/', '.');
        const actions = ['Microsoft.Network/virtualNetworks/subnets/action'];
        return { name, id: `${prefix}/${name}`, type, serviceName, actions };
      });
      return answer(200, { value });
    },
  }),
);

/** Regions, and the endpoints and delegations that their subnets can have. */
export const locationOperations: readonly ControlOperation[] = [
  listLocations,
  listAvailableEndpointServices,
  ...listAvailableDelegations,
];

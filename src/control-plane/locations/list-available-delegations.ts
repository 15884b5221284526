import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath } from '../resource-groups/resource.ts';

/** Services that a subnet can be delegated to. A delegation is kept here, and nothing comes of it. */
const services = [
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

const path = 'providers/Microsoft.Network/locations/:location/availableDelegations';

/** What the subnets of a region can be delegated to; ids have no place in them, as Azure answers. */
export const listAvailableDelegations: readonly ControlOperation[] = ['/subscriptions/:subscriptionId', groupPath].map(
  (scope) => ({
    method: 'GET',
    path: `${scope}/${path}`,
    action: 'Microsoft.Network/locations/availableDelegations/read',
    async run({ subscription }) {
      const type = 'Microsoft.Network/availableDelegations';
      const prefix = `/subscriptions/${subscription.subscriptionId}/providers/${type}`;
      const value = services.map((serviceName) => {
        const name = serviceName.replaceAll('/', '.');
        const actions = ['Microsoft.Network/virtualNetworks/subnets/action'];
        return { name, id: `${prefix}/${name}`, type, serviceName, actions };
      });
      return answer(200, { value });
    },
  }),
);

import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

/** Services that a subnet can have an endpoint for. Only that of Key Vault does anything here. */
const services = [
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

/** What the subnets of a region can have endpoints for; ids have no place in them, as Azure answers. */
export const listAvailableEndpointServices: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Network/locations/:location/virtualNetworkAvailableEndpointServices',
  action: 'Microsoft.Network/locations/virtualNetworkAvailableEndpointServices/read',
  async run({ subscription }) {
    const prefix = `/subscriptions/${subscription.subscriptionId}/providers/Microsoft.Network/virtualNetworkEndpointServices`;
    const type = 'Microsoft.Network/virtualNetworkEndpointServices';
    return answer(200, { value: services.map((name) => ({ name, id: `${prefix}/${name}`, type })) });
  },
};

import { findSubnet } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readNetworkOf, subnetPath, subnetResource } from './resource.ts';

export const getSubnet: ControlOperation = {
  method: 'GET',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(found.network, name);
    if (subnet !== undefined) return answer(200, subnetResource(found.network, subnet));
    const type = 'Microsoft.Network/virtualNetworks/subnets';
    const resourceGroup = found.network.resourceGroup;
    return refuse({ kind: 'resourceNotFound', type, name: `${found.network.name}/${name}`, resourceGroup });
  },
};

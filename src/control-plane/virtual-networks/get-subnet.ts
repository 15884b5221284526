import { findSubnet } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { networkShown } from './answers.ts';
import { expandedBy, readNetworkOf, subnetPath, subnetResource } from './resource.ts';

export const getSubnet: ControlOperation = {
  method: 'GET',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(found.network, name);
    if (subnet !== undefined) return networkShown(subnetResource(found.network, subnet, expandedBy(call)));
    const type = 'Microsoft.Network/virtualNetworks/subnets';
    const resourceGroup = found.network.resourceGroup;
    return refuse({ kind: 'resourceNotFound', type, name: `${found.network.name}/${name}`, resourceGroup });
  },
};

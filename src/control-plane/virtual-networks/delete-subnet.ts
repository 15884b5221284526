import { deleteSubnet, findSubnet } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readNetworkOf, subnetPath } from './resource.ts';

export const deleteVirtualNetworkSubnet: ControlOperation = {
  method: 'DELETE',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/delete',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    if (findSubnet(found.network, name) === undefined) return answer(204);
    return { ...answer(200), change: deleteSubnet(found.record, name, call.newId) };
  },
};

import { deleteSubnet, findSubnet } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { ifMatchHolds, readNetworkOf, subnetPath } from './resource.ts';

export const deleteVirtualNetworkSubnet: ControlOperation = {
  method: 'DELETE',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/delete',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(found.network, name);
    if (subnet === undefined) return answer(204);
    if (!ifMatchHolds(call, subnet)) return refuse({ kind: 'preconditionFailed', id: call.path });
    return { ...answer(200), change: deleteSubnet(found.record, name, call.newId) };
  },
};

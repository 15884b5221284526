import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { peeringResource, readNetworkOf } from '../virtual-networks/resource.ts';
import { peeringsPath } from './resource.ts';

export const listPeerings: ControlOperation = {
  method: 'GET',
  path: peeringsPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const { network } = found;
    return answer(200, { value: (network.peerings ?? []).map((peering) => peeringResource(network, peering)) });
  },
};

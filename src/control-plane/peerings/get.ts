import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { peeringResource } from '../virtual-networks/resource.ts';
import { peeringPath, readPeeringOf } from './resource.ts';

export const getPeering: ControlOperation = {
  method: 'GET',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read',
  async run(call) {
    const found = await readPeeringOf(call);
    return found.ok ? answer(200, peeringResource(found.network, found.peering)) : found;
  },
};

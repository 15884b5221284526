import type { ControlOperation } from '../operation.ts';
import { networkShown } from './answers.ts';
import { expandedBy, networkPath, networkResource, readNetworkOf } from './resource.ts';

export const getVirtualNetwork: ControlOperation = {
  method: 'GET',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/read',
  async run(call) {
    const found = await readNetworkOf(call);
    return found.ok ? networkShown(networkResource(found.network, expandedBy(call))) : found;
  },
};

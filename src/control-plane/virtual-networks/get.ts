import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkPath, networkResource, readNetworkOf } from './resource.ts';

export const getVirtualNetwork: ControlOperation = {
  method: 'GET',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/read',
  async run(call) {
    const found = await readNetworkOf(call);
    return found.ok ? answer(200, networkResource(found.network)) : found;
  },
};

import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkPath, readNetworkOf, subnetResource } from './resource.ts';

export const listSubnets: ControlOperation = {
  method: 'GET',
  path: `${networkPath}/subnets`,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    return answer(200, { value: found.network.subnets.map((subnet) => subnetResource(found.network, subnet)) });
  },
};

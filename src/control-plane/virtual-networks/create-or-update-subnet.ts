import { readSubnet } from '../../resources/network-properties.ts';
import { findSubnet, putSubnet } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { ifMatchHolds, networkMade, readNetworkOf, subnetPath, subnetResource } from './resource.ts';

export const createOrUpdateSubnet: ControlOperation = {
  method: 'PUT',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/write',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const before = findSubnet(found.network, name);
    if (!ifMatchHolds(call, before)) return refuse({ kind: 'preconditionFailed', id: call.path });
    const requested = readSubnet(name, call.body['properties'], 'subnet');
    if (!requested.ok) return requested;
    const put = putSubnet(found.record, requested.value, call.newId);
    if (!put.ok) return put;
    const { network, created, change } = put.value;
    const subnet = findSubnet(network, name);
    if (subnet === undefined) throw new Error('a subnet that was put is not in its network');
    return {
      ...answer(created ? 201 : 200, subnetResource(network, subnet)),
      change,
      ...(created && { accepted: networkMade(call, network.location) }),
    };
  },
};

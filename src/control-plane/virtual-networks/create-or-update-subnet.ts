import { readSubnet } from '../../resources/network-properties.ts';
import { linkSubnets } from '../../resources/subnet-links.ts';
import { findSubnet, putSubnet } from '../../resources/virtual-networks.ts';
import { together } from '../../store/store.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { networkPut } from './answers.ts';
import { readNetworkOf, subnetPath, subnetResource } from './resource.ts';

export const createOrUpdateSubnet: ControlOperation = {
  method: 'PUT',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/write',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const before = findSubnet(found.network, name);
    const refused = ifMatchRefusal(call, before?.etag);
    if (refused !== undefined) return refused;
    const requested = readSubnet(name, call.body['properties'], 'subnet');
    if (!requested.ok) return requested;
    const subnets = { before: before === undefined ? [] : [before], after: [requested.value] };
    const linked = await linkSubnets(found.network, subnets, { store: call.store, lacks: call.access.lacks });
    if (!linked.ok) return linked;
    const put = putSubnet(found.record, linked.value.subnets[0] ?? requested.value, call.newId);
    if (!put.ok) return put;
    const { network, created, change } = put.value;
    const subnet = findSubnet(network, name);
    if (subnet === undefined) throw new Error('a subnet that was put is not in its network');
    return {
      ...networkPut(call, { created, location: network.location, body: subnetResource(network, subnet) }),
      change: together(change, linked.value.change),
    };
  },
};

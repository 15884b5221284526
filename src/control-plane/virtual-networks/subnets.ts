import { findSubnet, putSubnet, deleteSubnet } from '../../resources/networks/virtual-networks.ts';
import { answer, ifMatchRefusal, refuse } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import {
  networkAnswer,
  networkPut,
  networkDeleted,
  expandedBy,
  readNetworkOf,
  subnetPath,
  subnetResource,
  networkPath,
} from './resource.ts';
import { readSubnet } from '../../resources/networks/network-properties.ts';
import { linkSubnets, unlinkSubnets } from '../../resources/networks/subnet-links.ts';
import { merge } from '../../store/store.ts';

const getSubnet: ControlOperation = {
  method: 'GET',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(found.network, name);
    if (subnet !== undefined) return networkAnswer(subnetResource(found.network, subnet, expandedBy(call)));
    const type = 'Microsoft.Network/virtualNetworks/subnets';
    const resourceGroup = found.network.resourceGroup;
    return refuse({ kind: 'resourceNotFound', type, name: `${found.network.name}/${name}`, resourceGroup });
  },
};

const listSubnets: ControlOperation = {
  method: 'GET',
  path: `${networkPath}/subnets`,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    return answer(200, { value: found.network.subnets.map((subnet) => subnetResource(found.network, subnet)) });
  },
};

const createOrUpdateSubnet: ControlOperation = {
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
    const linked = await linkSubnets(found.network, subnets, {
      store: call.store,
      linkedRefusal: call.access.linkedRefusal,
    });
    if (!linked.ok) return linked;
    const put = putSubnet(found.record, linked.value.subnets[0] ?? requested.value, call.newId);
    if (!put.ok) return put;
    const { network, created, change } = put.value;
    const subnet = findSubnet(network, name);
    if (subnet === undefined) throw new Error('a subnet that was put is not in its network');
    return {
      ...networkPut(call, { created, location: network.location, body: subnetResource(network, subnet) }),
      change: merge(change, linked.value.change),
    };
  },
};

const deleteVirtualNetworkSubnet: ControlOperation = {
  method: 'DELETE',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/delete',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(found.network, name);
    if (subnet === undefined) return answer(204);
    const refused = ifMatchRefusal(call, subnet.etag);
    if (refused !== undefined) return refused;
    const deleted = deleteSubnet(found.record, name, call.newId);
    if (!deleted.ok) return deleted;
    const { store, access } = call;
    const unlinked = await unlinkSubnets(found.network, [subnet], { store, linkedRefusal: access.linkedRefusal });
    if (!unlinked.ok) return unlinked;
    return { ...networkDeleted(call, found.network.location), change: merge(deleted.value, unlinked.value.change) };
  },
};

/** Every operation on subnets. */
export const subnetOperations: readonly ControlOperation[] = [
  createOrUpdateSubnet,
  getSubnet,
  listSubnets,
  deleteVirtualNetworkSubnet,
];

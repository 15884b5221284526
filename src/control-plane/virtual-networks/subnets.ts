import { findSubnet, putSubnet, deleteSubnet } from '../../resources/networks/virtual-networks.ts';
import { answer, checkConditions, orRefuse, resourceNotFound } from '../operation.ts';
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
    const { network } = await readNetworkOf(call);
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(network, name);
    if (subnet !== undefined) return networkAnswer(subnetResource(network, subnet, expandedBy(call)));
    return resourceNotFound('Microsoft.Network/virtualNetworks/subnets', `${network.name}/${name}`, network);
  },
};

const listSubnets: ControlOperation = {
  method: 'GET',
  path: `${networkPath}/subnets`,
  action: 'Microsoft.Network/virtualNetworks/subnets/read',
  async run(call) {
    const { network } = await readNetworkOf(call);
    return answer(200, { value: network.subnets.map((subnet) => subnetResource(network, subnet)) });
  },
};

const createOrUpdateSubnet: ControlOperation = {
  method: 'PUT',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/write',
  async run(call) {
    const { record, network: around } = await readNetworkOf(call);
    const name = call.params['subnet'] ?? '';
    const before = findSubnet(around, name);
    checkConditions(call, before?.etag);
    const requested = orRefuse(readSubnet(name, call.body['properties'], 'subnet'));
    const subnets = { before: before === undefined ? [] : [before], after: [requested] };
    const { store, access } = call;
    const linked = orRefuse(await linkSubnets(around, subnets, { store, linkedRefusal: access.linkedRefusal }));
    const { network, created, change } = orRefuse(putSubnet(record, linked.subnets[0] ?? requested, call.newId));
    const subnet = findSubnet(network, name);
    if (subnet === undefined) throw new Error('a subnet that was put is not in its network');
    return {
      ...networkPut(call, { created, location: network.location, body: subnetResource(network, subnet) }),
      change: merge(change, linked.change),
    };
  },
};

const deleteVirtualNetworkSubnet: ControlOperation = {
  method: 'DELETE',
  path: subnetPath,
  action: 'Microsoft.Network/virtualNetworks/subnets/delete',
  async run(call) {
    const { network, record } = await readNetworkOf(call);
    const name = call.params['subnet'] ?? '';
    const subnet = findSubnet(network, name);
    if (subnet === undefined) return answer(204);
    checkConditions(call, subnet.etag);
    const deleted = orRefuse(deleteSubnet(record, name, call.newId));
    const { store, access } = call;
    const links = { store, linkedRefusal: access.linkedRefusal };
    const unlinked = orRefuse(await unlinkSubnets(network, [subnet], links));
    return { ...networkDeleted(call, network.location), change: merge(deleted, unlinked.change) };
  },
};

/** Every operation on subnets. */
export const subnetOperations: readonly ControlOperation[] = [
  createOrUpdateSubnet,
  getSubnet,
  listSubnets,
  deleteVirtualNetworkSubnet,
];

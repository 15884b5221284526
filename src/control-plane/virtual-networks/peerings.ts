import { findPeering, putPeering, deletePeering as removePeering } from '../../resources/networks/peerings.ts';
import { answer, badRequest, checkConditions, orRefuse, resourceNotFound } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { networkPath, readNetworkOf, peeringResource, networkPut, networkDeleted } from './resource.ts';
import { isItemName } from '../../resources/any/kinds.ts';

const peeringsPath = `${networkPath}/virtualNetworkPeerings`;
const peeringPath = `${peeringsPath}/:peering`;

const getPeering: ControlOperation = {
  method: 'GET',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read',
  async run(call) {
    const { network } = await readNetworkOf(call);
    const name = call.params['peering'] ?? '';
    const peering = findPeering(network, name);
    if (peering !== undefined) return answer(200, peeringResource(network, peering));
    const type = 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings';
    return resourceNotFound(type, `${network.name}/${name}`, network);
  },
};

const listPeerings: ControlOperation = {
  method: 'GET',
  path: peeringsPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read',
  async run(call) {
    const { network } = await readNetworkOf(call);
    return answer(200, { value: (network.peerings ?? []).map((peering) => peeringResource(network, peering)) });
  },
};

const createOrUpdatePeering: ControlOperation = {
  method: 'PUT',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write',
  async run(call) {
    const { record, network: before } = await readNetworkOf(call);
    const name = call.params['peering'] ?? '';
    if (!isItemName(name)) {
      const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
      return badRequest(`The peering name '${name}' is invalid: ${rule}.`);
    }
    checkConditions(call, findPeering(before, name)?.etag);
    const requested = { name, properties: call.body['properties'] };
    const { store, newId, access } = call;
    const put = await putPeering(record, requested, { store, newId, linkedRefusal: access.linkedRefusal });
    const { network, peering, created, change } = orRefuse(put);
    const body = peeringResource(network, peering);
    return { ...networkPut(call, { created, location: network.location, body }), change };
  },
};

/** DELETE of a peering: the peering in the other direction becomes `Disconnected`. */
const deletePeering: ControlOperation = {
  method: 'DELETE',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/delete',
  async run(call) {
    const { record, network } = await readNetworkOf(call);
    const peering = findPeering(network, call.params['peering'] ?? '');
    if (peering === undefined) return answer(204);
    checkConditions(call, peering.etag);
    const change = await removePeering(record, peering, call.store);
    return { ...networkDeleted(call, network.location), change };
  },
};

/** Every operation on peerings. */
export const peeringOperations: readonly ControlOperation[] = [
  createOrUpdatePeering,
  getPeering,
  listPeerings,
  deletePeering,
];

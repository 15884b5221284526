import { findPeering, putPeering, deletePeering as removePeering } from '../../resources/networks/peerings.ts';
import { answer, ifMatchRefusal, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { networkPath, readNetworkOf, peeringResource, networkPut, networkDeleted } from './resource.ts';
import { isItemName } from '../../resources/any/kinds.ts';

const peeringsPath = `${networkPath}/virtualNetworkPeerings`;
const peeringPath = `${peeringsPath}/:peering`;

/** The peering of the path and its network. */
async function readPeeringOf(call: ControlCall) {
  const found = await readNetworkOf(call);
  if (!found.ok) return found;
  const name = call.params['peering'] ?? '';
  const peering = findPeering(found.network, name);
  if (peering !== undefined) return { ...found, peering };
  const { resourceGroup, name: network } = found.network;
  const type = 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings';
  return refuse({ kind: 'resourceNotFound', type, name: `${network}/${name}`, resourceGroup });
}

const getPeering: ControlOperation = {
  method: 'GET',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/read',
  async run(call) {
    const found = await readPeeringOf(call);
    return found.ok ? answer(200, peeringResource(found.network, found.peering)) : found;
  },
};

const listPeerings: ControlOperation = {
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

const createOrUpdatePeering: ControlOperation = {
  method: 'PUT',
  path: peeringPath,
  action: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const name = call.params['peering'] ?? '';
    if (!isItemName(name)) {
      const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
      return refuse({ kind: 'invalidProperty', message: `The peering name '${name}' is invalid: ${rule}.` });
    }
    const refused = ifMatchRefusal(call, findPeering(found.network, name)?.etag);
    if (refused !== undefined) return refused;
    const requested = { name, properties: call.body['properties'] };
    const { store, newId, access } = call;
    const put = await putPeering(found.record, requested, { store, newId, linkedRefusal: access.linkedRefusal });
    if (!put.ok) return put;
    const { network, peering, created, change } = put.value;
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
    const found = await readPeeringOf(call);
    if (!found.ok) {
      const { refusal } = found;
      const isGone = refusal.kind === 'resourceNotFound' && refusal.type.endsWith('/virtualNetworkPeerings');
      return isGone ? answer(204) : found;
    }
    const refused = ifMatchRefusal(call, found.peering.etag);
    if (refused !== undefined) return refused;
    const change = await removePeering(found.record, found.peering, call.store);
    return { ...networkDeleted(call, found.network.location), change };
  },
};

/** Every operation on peerings. */
export const peeringOperations: readonly ControlOperation[] = [
  createOrUpdatePeering,
  getPeering,
  listPeerings,
  deletePeering,
];

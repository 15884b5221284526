import { isItemName } from '../../resources/kinds.ts';
import { findPeering, putPeering } from '../../resources/peerings.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { networkPut } from '../virtual-networks/answers.ts';
import { peeringResource, readNetworkOf } from '../virtual-networks/resource.ts';
import { peeringPath } from './resource.ts';

export const createOrUpdatePeering: ControlOperation = {
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
    const put = await putPeering(found.record, requested, { store, newId, lacks: access.lacks });
    if (!put.ok) return put;
    const { network, peering, created, change } = put.value;
    const body = peeringResource(network, peering);
    return { ...networkPut(call, { created, location: network.location, body }), change };
  },
};

import { deletePeering as removePeering } from '../../resources/peerings.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkDeleted } from '../virtual-networks/answers.ts';
import { peeringPath, readPeeringOf } from './resource.ts';

/** DELETE of a peering: that of the other network is `Disconnected` from then on. */
export const deletePeering: ControlOperation = {
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

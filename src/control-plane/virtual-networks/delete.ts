import { disconnect } from '../../resources/peerings.ts';
import { unlinkSubnets } from '../../resources/subnet-links.ts';
import { deleteNetwork } from '../../resources/virtual-networks.ts';
import { together } from '../../store/store.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkDeleted } from './answers.ts';
import { networkPath, readNetworkOf } from './resource.ts';

export const deleteVirtualNetwork: ControlOperation = {
  method: 'DELETE',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/delete',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found.refusal.kind === 'resourceNotFound' ? answer(204) : found;
    const refused = ifMatchRefusal(call, found.network.etag);
    if (refused !== undefined) return refused;
    const { network, record } = found;
    const deleted = deleteNetwork(record);
    if (!deleted.ok) return deleted;
    const { store, access } = call;
    const unlinked = await unlinkSubnets(network, network.subnets, { store, lacks: access.lacks });
    if (!unlinked.ok) return unlinked;
    const left = await disconnect(network, network.peerings ?? [], store);
    return { ...networkDeleted(call, network.location), change: together(deleted.value, unlinked.value.change, left) };
  },
};

import { unlinkSubnets } from '../../resources/subnet-links.ts';
import { deleteSubnet, findSubnet } from '../../resources/virtual-networks.ts';
import { together } from '../../store/store.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkDeleted } from './answers.ts';
import { readNetworkOf, subnetPath } from './resource.ts';

export const deleteVirtualNetworkSubnet: ControlOperation = {
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
    const world = { store: call.store, lacks: call.access.lacks };
    const unlinked = await unlinkSubnets(found.network, [subnet], world);
    if (!unlinked.ok) return unlinked;
    return { ...networkDeleted(call, found.network.location), change: together(deleted.value, unlinked.value.change) };
  },
};

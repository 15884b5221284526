import { inSubscription, virtualNetworkKey } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import { listAnswer } from '../list.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { placeOf, readGroup } from '../resource-groups/resource.ts';
import { networkResource, networksPath } from './resource.ts';

const action = 'Microsoft.Network/virtualNetworks/read';

/** The virtual networks of a resource group. */
export const listVirtualNetworks: ControlOperation = {
  method: 'GET',
  path: networksPath,
  action,
  shows: 'visible',
  async run(call) {
    const group = await readGroup(call);
    return group.ok ? listUnder(call, virtualNetworkKey(placeOf(call))) : group;
  },
};

/** The virtual networks of a subscription. */
export const listAllVirtualNetworks: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Network/virtualNetworks',
  action,
  shows: 'visible',
  run: (call) => listUnder(call, inSubscription('virtual-network', call.subscription.subscriptionId)),
};

function listUnder(call: ControlCall, prefix: string) {
  return listAnswer(call, {
    prefix,
    seen: action,
    render: async (records) => records.map((record) => networkResource(decode<VirtualNetworkRecord>(record))),
  });
}

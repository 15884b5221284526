import { encode } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, tagsOf } from '../outcome.ts';
import { networkPath, networkResource, readNetworkOf } from './resource.ts';

/** PATCH of a virtual network: its tags, all of them. */
export const updateVirtualNetworkTags: ControlOperation = {
  method: 'PATCH',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/write',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found;
    const refused = ifMatchRefusal(call, found.network.etag);
    if (refused !== undefined) return refused;
    const { key, version } = found.record;
    const network: VirtualNetworkRecord = { ...found.network, etag: `W/"${call.newId()}"`, tags: tagsOf(call.body) };
    return {
      ...answer(200, networkResource(network)),
      change: { require: [{ key, version }], put: [{ key, value: encode(network) }] },
    };
  },
};

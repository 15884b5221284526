import { readNetwork } from '../../resources/network-properties.ts';
import { virtualNetworkKey } from '../../resources/keys.ts';
import { putNetwork } from '../../resources/virtual-networks.ts';
import { decode } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, locationMissing, locationOf, refuse, tagsOf } from '../outcome.ts';
import { placeOf, readGroup } from '../resource-groups/resource.ts';
import { ifMatchHolds, networkMade, networkName, networkPath, networkResource } from './resource.ts';

const networkNameRule =
  '2 to 64 letters, digits, underscores, hyphens and full stops, a letter or digit first, no hyphen or full stop last';

export const createOrUpdateVirtualNetwork: ControlOperation = {
  method: 'PUT',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/write',
  async run(call) {
    const place = placeOf(call);
    const name = call.params['virtualNetwork'] ?? '';
    if (!networkName.test(name)) {
      const message = `The virtual network name '${name}' is invalid: ${networkNameRule}.`;
      return refuse({ kind: 'invalidProperty', message });
    }
    const requested = readNetwork(call.body['properties']);
    if (!requested.ok) return requested;
    const group = await readGroup(call);
    if (!group.ok) return group;
    const [record] = await call.store.read({ get: [virtualNetworkKey(place, name)] });
    const before = record === undefined ? undefined : decode<VirtualNetworkRecord>(record);
    if (!ifMatchHolds(call, before)) return refuse({ kind: 'preconditionFailed', id: call.path });
    const location = locationOf(call.body) ?? before?.location;
    if (location === undefined) return refuse(locationMissing);
    const put = putNetwork(record, {
      ...place,
      name,
      location,
      tags: tagsOf(call.body),
      requested: requested.value,
      newId: call.newId,
    });
    if (!put.ok) return put;
    const { network, created, change } = put.value;
    const require = [...(change.require ?? []), { key: group.record.key, version: group.record.version }];
    return {
      ...answer(created ? 201 : 200, networkResource(network)),
      change: { ...change, require },
      ...(created && { accepted: networkMade(call, network.location) }),
    };
  },
};

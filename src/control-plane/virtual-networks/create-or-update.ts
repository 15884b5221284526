import { membersOf } from '../../resources/members.ts';
import { readNetwork } from '../../resources/network-properties.ts';
import { virtualNetworkKey } from '../../resources/keys.ts';
import type { RequestedNetwork } from '../../resources/network-properties.ts';
import { findPeering } from '../../resources/peerings.ts';
import { isSameLocation } from '../../resources/regions.ts';
import type { ResourceOutcome } from '../../resources/refusal.ts';
import { linkSubnets } from '../../resources/subnet-links.ts';
import type { LinkingNetwork } from '../../resources/subnet-links.ts';
import { putNetwork } from '../../resources/virtual-networks.ts';
import { decode, together } from '../../store/store.ts';
import type { Transaction } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { locationMissing, readLocation, refuse, tagsOf } from '../outcome.ts';
import { placeOf, readGroup } from '../resource-groups/resource.ts';
import { networkPut } from './answers.ts';
import { networkName, networkPath, networkResource } from './resource.ts';

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
    const refused = ifMatchRefusal(call, before?.etag);
    if (refused !== undefined) return refused;
    const read = readLocation(call.body);
    if (!read.ok) return read;
    const { value: asked } = read;
    const location = before?.location ?? asked;
    if (location === undefined) return refuse(locationMissing);
    if (asked !== undefined && !isSameLocation(asked, location))
      return refuse({ kind: 'locationMismatch', name, location, asked });
    const linked = await linkRequested({ ...place, name, location }, { before, requested: requested.value }, call);
    if (!linked.ok) return linked;
    const put = putNetwork(record, {
      ...place,
      name,
      location,
      tags: tagsOf(call.body),
      requested: linked.value.requested,
      newId: call.newId,
    });
    if (!put.ok) return put;
    const { network, created, change } = put.value;
    const unknown = unknownPeering(call.body, network);
    if (unknown !== undefined) return refuse({ kind: 'invalidProperty', message: unknown });
    const require = [{ key: group.record.key, version: group.record.version }];
    return {
      ...networkPut(call, { created, location: network.location, body: networkResource(network) }),
      change: together(change, linked.value.change, { require }),
    };
  },
};

/** A request that says nothing of subnets leaves them as they are, with what they refer to. */
async function linkRequested(
  network: LinkingNetwork,
  { before, requested }: { readonly before: VirtualNetworkRecord | undefined; readonly requested: RequestedNetwork },
  { store, access }: ControlCall,
): Promise<ResourceOutcome<{ readonly requested: RequestedNetwork; readonly change: Transaction }>> {
  if (requested.subnets === undefined) return { ok: true, value: { requested, change: {} } };
  const subnets = { before: before?.subnets ?? [], after: requested.subnets };
  const linked = await linkSubnets(network, subnets, { store, lacks: access.lacks });
  if (!linked.ok) return linked;
  return {
    ok: true,
    value: { requested: { ...requested, subnets: linked.value.subnets }, change: linked.value.change },
  };
}

/** Clients send back the peerings that they were given, which stay as they are. One that there is not cannot be made so. */
function unknownPeering(body: ControlCall['body'], network: VirtualNetworkRecord): string | undefined {
  const { virtualNetworkPeerings } = membersOf(body['properties']);
  if (!Array.isArray(virtualNetworkPeerings)) return undefined;
  const names = virtualNetworkPeerings.map((peering: unknown) => membersOf(peering)['name']);
  const unknown = names.find((one) => typeof one !== 'string' || findPeering(network, one) === undefined);
  if (names.length === 0 || !names.some((one) => one === unknown)) return undefined;
  return `The virtual network ${network.name} has no peering ${JSON.stringify(unknown)}: put it under its own id, .../virtualNetworks/${network.name}/virtualNetworkPeerings/{name}.`;
}

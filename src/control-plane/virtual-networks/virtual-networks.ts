import {
  answer,
  badRequest,
  checkConditions,
  locationMissing,
  orRefuse,
  readLocation,
  refuse,
  tagsOf,
} from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import {
  findNetwork,
  networkAnswer,
  networkPut,
  networkDeleted,
  expandedBy,
  networkPath,
  networkResource,
  readNetworkOf,
  networksPath,
  networkName,
} from './resource.ts';
import { inSubscription, virtualNetworkKey } from '../../resources/keys.ts';
import type { Prefix } from '../../store/keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import { listAnswer } from '../list.ts';
import { placeOf, readGroup } from '../resource-groups/resource-groups.ts';
import { membersOf } from '../../resources/refusal.ts';
import { readNetwork } from '../../resources/networks/network-properties.ts';
import type { RequestedNetwork } from '../../resources/networks/network-properties.ts';
import { findPeering, disconnect } from '../../resources/networks/peerings.ts';
import { isSameLocation } from '../../resources/regions.ts';
import { linkSubnets, unlinkSubnets } from '../../resources/networks/subnet-links.ts';
import type { LinkingNetwork } from '../../resources/networks/subnet-links.ts';
import { putNetwork, deleteNetwork } from '../../resources/networks/virtual-networks.ts';
import type { Transaction } from '../../store/store.ts';
import { formatIpv4, parseIpv4, parseRange } from '../../address/address.ts';
import type { Range } from '../../address/address.ts';

const readAction = 'Microsoft.Network/virtualNetworks/read';

const getVirtualNetwork: ControlOperation = {
  method: 'GET',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/read',
  async run(call) {
    const { network } = await readNetworkOf(call);
    return networkAnswer(networkResource(network, expandedBy(call)));
  },
};

/** The virtual networks of a resource group. */
const listVirtualNetworks: ControlOperation = {
  method: 'GET',
  path: networksPath,
  action: readAction,
  shows: 'visible',
  async run(call) {
    await readGroup(call);
    return listUnder(call, virtualNetworkKey(placeOf(call)));
  },
};

/** The virtual networks of a subscription. */
const listAllVirtualNetworks: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Microsoft.Network/virtualNetworks',
  action: readAction,
  shows: 'visible',
  run: (call) => listUnder(call, inSubscription('virtual-network', call.subscription.subscriptionId)),
};

function listUnder(call: ControlCall, prefix: Prefix<VirtualNetworkRecord>) {
  return listAnswer(call, {
    prefix,
    visibleBy: readAction,
    render: async (records) => records.map((record) => networkResource(record.value, expandedBy(call))),
  });
}

const networkNameRule =
  '2 to 64 letters, digits, underscores, hyphens and full stops, a letter or digit first, no hyphen or full stop last';

const createOrUpdateVirtualNetwork: ControlOperation = {
  method: 'PUT',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/write',
  async run(call) {
    const place = placeOf(call);
    const name = call.params['virtualNetwork'] ?? '';
    if (!networkName.test(name)) {
      const message = `The virtual network name '${name}' is invalid: ${networkNameRule}.`;
      return badRequest(message);
    }
    const requested = orRefuse(readNetwork(call.body['properties']));
    const { record: group } = await readGroup(call);
    const [record] = await readRecords(call.store, { get: [virtualNetworkKey(place, name)] });
    const before = record?.value;
    checkConditions(call, before?.etag);
    const asked = readLocation(call.body);
    const location = before?.location ?? asked ?? refuse(locationMissing);
    if (asked !== undefined && !isSameLocation(asked, location))
      return refuse({ kind: 'locationMismatch', name, location, asked });
    const linked = await linkRequested({ ...place, name, location }, { before, requested }, call);
    const put = putNetwork(record, {
      ...place,
      name,
      location,
      tags: tagsOf(call.body),
      requested: linked.requested,
      newId: call.newId,
    });
    const { network, created, change } = orRefuse(put);
    const unknown = unknownPeering(call.body, network);
    if (unknown !== undefined) return badRequest(unknown);
    const require = [{ key: group.key, version: group.version }];
    return {
      ...networkPut(call, { created, location: network.location, body: networkResource(network) }),
      change: merge(change, linked.change, { require }),
    };
  },
};

/**
 * Links the requested subnets with the resources that they refer to. A request without subnets leaves them as they are.
 * @throws {Refused} the refusal of such a resource
 */
async function linkRequested(
  network: LinkingNetwork,
  { before, requested }: { readonly before: VirtualNetworkRecord | undefined; readonly requested: RequestedNetwork },
  { store, access }: ControlCall,
): Promise<{ readonly requested: RequestedNetwork; readonly change: Transaction }> {
  if (requested.subnets === undefined) return { requested, change: {} };
  const subnets = { before: before?.subnets ?? [], after: requested.subnets };
  const linked = orRefuse(await linkSubnets(network, subnets, { store, linkedRefusal: access.linkedRefusal }));
  return { requested: { ...requested, subnets: linked.subnets }, change: linked.change };
}

/**
 * The message about a peering in the body that the network does not have. Clients send back the peerings that they
 * read, and these stay as they are; a new one must be created under its own id.
 */
function unknownPeering(body: ControlCall['body'], network: VirtualNetworkRecord): string | undefined {
  const { virtualNetworkPeerings } = membersOf(body['properties']);
  if (!Array.isArray(virtualNetworkPeerings)) return undefined;
  const names = virtualNetworkPeerings.map((peering: unknown) => membersOf(peering)['name']);
  const unknown = names.find((one) => typeof one !== 'string' || findPeering(network, one) === undefined);
  if (names.length === 0 || !names.some((one) => one === unknown)) return undefined;
  return `The virtual network ${network.name} has no peering ${JSON.stringify(unknown)}: create it under its own id, .../virtualNetworks/${network.name}/virtualNetworkPeerings/{name}.`;
}

/** PATCH of a virtual network: replaces all its tags. */
const updateVirtualNetworkTags: ControlOperation = {
  method: 'PATCH',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/write',
  async run(call) {
    const { record, network: before } = await readNetworkOf(call);
    checkConditions(call, before.etag);
    const { key, version } = record;
    const network: VirtualNetworkRecord = { ...before, etag: `W/"${call.newId()}"`, tags: tagsOf(call.body) };
    return {
      ...answer(200, networkResource(network)),
      change: { require: [{ key, version }], put: [recordPut(key, network)] },
    };
  },
};

const deleteVirtualNetwork: ControlOperation = {
  method: 'DELETE',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/delete',
  async run(call) {
    const record = await findNetwork(call);
    if (record === undefined) return answer(204);
    const network = record.value;
    checkConditions(call, network.etag);
    const deleted = orRefuse(deleteNetwork(record));
    const { store, access } = call;
    const links = { store, linkedRefusal: access.linkedRefusal };
    const unlinked = orRefuse(await unlinkSubnets(network, network.subnets, links));
    const left = await disconnect(network, network.peerings ?? [], store);
    return { ...networkDeleted(call, network.location), change: merge(deleted, unlinked.change, left) };
  },
};

/** The number of other addresses that are suggested instead of a reserved one. */
const suggestedCount = 5;

/**
 * Whether an address of a virtual network is available. Nothing has an address here, so only those that Azure reserves
 * in each subnet, the first four and the last, are not.
 */
const checkIpAddressAvailability: ControlOperation = {
  method: 'GET',
  path: `${networkPath}/CheckIPAddressAvailability`,
  action: 'Microsoft.Network/virtualNetworks/checkIpAddressAvailability/read',
  async run(call) {
    const { network } = await readNetworkOf(call);
    const text = call.query['ipAddress'] ?? '';
    const address = parseIpv4(text);
    if (address === undefined) {
      const message = `The query parameter ipAddress is ${JSON.stringify(text.slice(0, 64))}; give an IPv4 address.`;
      return badRequest(message);
    }
    const subnets = network.subnets.flatMap(({ addressPrefix }) => {
      const parsed = parseRange(addressPrefix);
      return parsed.ok ? [parsed.range] : [];
    });
    const subnet = subnets.find(({ first, last }) => address >= first && address <= last);
    if (subnet === undefined) return refuse({ kind: 'addressInNoSubnet', address: text });
    if (!isReserved(address, subnet)) return answer(200, { available: true, isPlatformReserved: false });
    const others = Array.from({ length: suggestedCount }, (_, index) => subnet.first + 4 + index);
    const free = others.filter((other) => other < subnet.last);
    return answer(200, { available: false, availableIPAddresses: free.map(formatIpv4), isPlatformReserved: true });
  },
};

/**
 * The addresses that Azure reserves: network address, gateway, two for DNS, and the broadcast address
 * (virtual-networks-faq).
 */
function isReserved(address: number, { first, last }: Range): boolean {
  return address < first + 4 || address === last;
}

/** Every operation on virtual networks. */
export const virtualNetworkOperations: readonly ControlOperation[] = [
  createOrUpdateVirtualNetwork,
  getVirtualNetwork,
  listVirtualNetworks,
  listAllVirtualNetworks,
  checkIpAddressAvailability,
  deleteVirtualNetwork,
  updateVirtualNetworkTags,
];

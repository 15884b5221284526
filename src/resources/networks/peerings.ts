import { overlaps, parseRange } from '../../address/address.ts';
import { accept, wrong } from '../../shape/fault.ts';
import { boolean, each, optional, refine } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Put, Requirement, Store, Transaction } from '../../store/store.ts';
import type { PeeringRecord, VirtualNetworkRecord } from '../../types/network.ts';
import { isResourceGroupName, parseScope, virtualNetworkId, virtualNetworkKey } from '../keys.ts';
import { networkObject, peeringMembers, reference } from './network-members.ts';
import { readAt, refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';

const peerAction = 'Microsoft.Network/virtualNetworks/peer/action';
interface PeeringServices {
  readonly store: Store;
  readonly newId: () => string;
  readonly linkedRefusal: LinkedRefusal;
}

type PeeringChange = ResourceOutcome<{
  readonly network: VirtualNetworkRecord;
  readonly peering: PeeringRecord;
  readonly created: boolean;
  readonly change: Transaction;
}>;

/** The peering with that name, ignoring case. */
export function findPeering({ peerings = [] }: VirtualNetworkRecord, name: string): PeeringRecord | undefined {
  return peerings.find((peering) => peering.name.toLowerCase() === name.toLowerCase());
}

const wholeOnly: Shape<unknown> = (value) =>
  value === true ? accept(value) : wrong(value, 'true, because subnets cannot be peered by themselves here');

/** The body of a peering's PUT. */
const requestedPeering = refine(
  networkObject(peeringMembers, {
    remoteVirtualNetwork: reference,
    // Peering of single subnets: the whole network would be reached instead.
    peerCompleteVnets: optional(wholeOnly),
    ...each(
      ['allowVirtualNetworkAccess', 'allowForwardedTraffic', 'allowGatewayTransit', 'useRemoteGateways'],
      optional(boolean),
    ),
  }),
  ({ remoteVirtualNetwork: remote, ...others }) => accept({ remote, others: { ...defaults, ...others } }),
);

const defaults = {
  allowVirtualNetworkAccess: true,
  allowForwardedTraffic: false,
  allowGatewayTransit: false,
  useRemoteGateways: false,
};

/**
 * PUT of a peering. It is `Initiated` until the other network has a peering back to this one; then both are `Connected`. The
 * other network must exist, and their addresses must not overlap (virtual-network "virtual network peering").
 */
export async function putPeering(
  record: Stored<VirtualNetworkRecord>,
  { name, properties }: { readonly name: string; readonly properties: unknown },
  { store, newId, linkedRefusal }: PeeringServices,
): Promise<PeeringChange> {
  const network = record.value;
  const requested = readAt(requestedPeering, properties, 'properties');
  if (!requested.ok) return requested;
  const { remote: id, others } = requested.value;
  const before = findPeering(network, name);
  const by = `${virtualNetworkId(network)}/virtualNetworkPeerings/${name}`;
  const refusal = linkedRefusal(peerAction, id);
  if (refusal !== undefined) return refuseResource(refusal);
  const other = await readNetworkById(id, store);
  const isOther = other !== undefined && other.key !== record.key;
  const isMoved = before !== undefined && before.remote.toLowerCase() !== id.toLowerCase();
  if (!isOther || isMoved) return refuseResource({ kind: 'referenceInvalid', id, by });
  const remote = other.value;
  const prefixes = overlapping(network.addressPrefixes, remote.addressPrefixes);
  if (prefixes.length > 0) {
    return refuseResource({ kind: 'addressSpacesOverlap', network: virtualNetworkId(network), remote: id, prefixes });
  }
  const back = remote.peerings?.find((one) => one.remoteGuid === network.resourceGuid && one.state !== 'Disconnected');
  const peering: PeeringRecord = {
    name: before?.name ?? name,
    etag: `W/"${newId()}"`,
    remote: id,
    remoteGuid: remote.resourceGuid,
    remotePrefixes: remote.addressPrefixes,
    state: back === undefined ? 'Initiated' : 'Connected',
    others,
  };
  const changed = withPeering(network, peering);
  const require = [record, other].map(({ key, version }) => ({ key, version }));
  const put = [recordPut(record.key, changed)];
  const connected = back === undefined ? [] : [withPeering(remote, { ...back, state: 'Connected' })];
  put.push(...connected.map((next) => recordPut(other.key, next)));
  return { ok: true, value: { network: changed, peering, created: before === undefined, change: { require, put } } };
}

/** Sets the other sides of removed peerings to `Disconnected`. */
export async function disconnect(
  network: VirtualNetworkRecord,
  peerings: readonly PeeringRecord[],
  store: Store,
): Promise<{ readonly require: readonly Requirement[]; readonly put: readonly Put[] }> {
  const require: Requirement[] = [];
  const put: Put[] = [];
  for (const peering of peerings) {
    const other = await readNetworkById(peering.remote, store);
    const remote = other?.value;
    const back = remote?.peerings?.find((one) => one.remoteGuid === network.resourceGuid);
    if (other === undefined || remote === undefined || back === undefined) continue;
    require.push({ key: other.key, version: other.version });
    put.push(recordPut(other.key, withPeering(remote, { ...back, state: 'Disconnected' })));
  }
  return { require, put };
}

/** DELETE of a peering. */
export async function deletePeering(
  record: Stored<VirtualNetworkRecord>,
  peering: PeeringRecord,
  store: Store,
): Promise<Transaction> {
  const network = record.value;
  const peerings = network.peerings?.filter((one) => one !== peering && one.name !== peering.name) ?? [];
  const left = await disconnect(network, [peering], store);
  return {
    require: [{ key: record.key, version: record.version }, ...left.require],
    put: [recordPut(record.key, { ...network, peerings }), ...left.put],
  };
}

function withPeering(network: VirtualNetworkRecord, peering: PeeringRecord): VirtualNetworkRecord {
  const { peerings = [] } = network;
  const index = peerings.findIndex(({ name }) => name === peering.name);
  return { ...network, peerings: index === -1 ? [...peerings, peering] : peerings.with(index, peering) };
}

async function readNetworkById(id: string, store: Store): Promise<Stored<VirtualNetworkRecord> | undefined> {
  const { type, names: [name = ''] = [], subscriptionId = '', resourceGroup = '' } = parseScope(id) ?? {};
  const isNetwork = type?.toLowerCase() === 'microsoft.network/virtualnetworks' && /^[\w.-]{1,64}$/.test(name);
  if (!isNetwork || !isResourceGroupName(resourceGroup)) return undefined;
  const [record] = await readRecords(store, { get: [virtualNetworkKey({ subscriptionId, resourceGroup }, name)] });
  return record;
}

function overlapping(some: readonly string[], others: readonly string[]): readonly string[] {
  return some.filter((prefix) => others.some((other) => meet(prefix, other)));
}

function meet(one: string, other: string): boolean {
  const [a, b] = [parseRange(one), parseRange(other)];
  return a.ok && b.ok && overlaps(a.range, b.range);
}

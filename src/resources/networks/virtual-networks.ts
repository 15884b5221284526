import { readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Put, Requirement, Store, Transaction } from '../../store/store.ts';
import type { SubnetRecord, VirtualNetworkRecord } from '../../types/network.ts';
import type { SubnetState } from '../../types/vault.ts';
import { subnetKey, virtualNetworkId, virtualNetworkKey } from '../keys.ts';
import type { Place } from '../keys.ts';
import { checkAddresses } from './network-properties.ts';
import type { RequestedNetwork, RequestedSubnet } from './network-properties.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { parseSubnetId } from './subnet-id.ts';

const keyVaultService = 'microsoft.keyvault';

export interface NetworkChange {
  readonly network: VirtualNetworkRecord;
  readonly created: boolean;
  readonly change: Transaction;
}

export interface PutNetwork extends Place {
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly requested: RequestedNetwork;
  readonly newId: () => string;
}

/**
 * PUT of a whole virtual network. The subnets in the request keep their incarnation, and those missing from it are deleted.
 * A request without `subnets` leaves them unchanged.
 */
export function putNetwork(
  record: Stored<VirtualNetworkRecord> | undefined,
  request: PutNetwork,
): ResourceOutcome<NetworkChange> {
  const before = record?.value;
  const known = byName(before?.subnets ?? []);
  const subnets =
    request.requested.subnets?.map((subnet) => nextSubnet(subnet, known, request.newId)) ?? before?.subnets ?? [];
  const addresses = checkAddresses(request.requested.addressPrefixes, subnets);
  if (!addresses.ok) return addresses;
  const kept = new Set(subnets.map(({ incarnation }) => incarnation));
  const inUse = refuseInUse(
    before,
    (before?.subnets ?? []).filter(({ incarnation }) => !kept.has(incarnation)),
  );
  if (inUse !== undefined) return inUse;
  const { name, subscriptionId, resourceGroup, location } = before ?? request;
  const network: VirtualNetworkRecord = {
    name,
    resourceGuid: before?.resourceGuid ?? request.newId(),
    subscriptionId,
    resourceGroup,
    location,
    tags: request.tags,
    etag: `W/"${request.newId()}"`,
    addressPrefixes: request.requested.addressPrefixes,
    others: request.requested.others,
    subnets,
    ...(before?.peerings !== undefined && { peerings: before.peerings }),
  };
  return { ok: true, value: { network, created: before === undefined, change: networkChange(network, record) } };
}

/** PUT of one subnet. */
export function putSubnet(
  record: Stored<VirtualNetworkRecord>,
  requested: RequestedSubnet,
  newId: () => string,
): ResourceOutcome<NetworkChange> {
  const before = record.value;
  const index = before.subnets.findIndex(({ name }) => name.toLowerCase() === requested.name.toLowerCase());
  const subnet = nextSubnet(requested, byName(before.subnets), newId);
  const subnets = index === -1 ? [...before.subnets, subnet] : before.subnets.with(index, subnet);
  const addresses = checkAddresses(before.addressPrefixes, subnets);
  if (!addresses.ok) return addresses;
  const network = { ...before, etag: `W/"${newId()}"`, subnets };
  return { ok: true, value: { network, created: index === -1, change: networkChange(network, record) } };
}

/** DELETE of one subnet. Its incarnation is never used again. */
export function deleteSubnet(
  record: Stored<VirtualNetworkRecord>,
  subnetName: string,
  newId: () => string,
): ResourceOutcome<Transaction> {
  const before = record.value;
  const inUse = refuseInUse(
    before,
    before.subnets.filter(({ name }) => name.toLowerCase() === subnetName.toLowerCase()),
  );
  if (inUse !== undefined) return inUse;
  const subnets = before.subnets.filter(({ name }) => name.toLowerCase() !== subnetName.toLowerCase());
  return { ok: true, value: networkChange({ ...before, etag: `W/"${newId()}"`, subnets }, record) };
}

export function deleteNetwork(record: Stored<VirtualNetworkRecord>): ResourceOutcome<Transaction> {
  const network = record.value;
  const { subnets } = network;
  const inUse = refuseInUse(network, subnets);
  if (inUse !== undefined) return inUse;
  return {
    ok: true,
    value: {
      require: [{ key: record.key, version: record.version }],
      delete: [record.key, ...subnets.map(({ incarnation }) => subnetKey(incarnation))],
    },
  };
}

/** Changes the list of a subnet's private endpoints. */
export function changeEndpoints(
  record: Stored<VirtualNetworkRecord>,
  subnetName: string,
  change: (all: readonly string[]) => readonly string[],
): Transaction {
  const before = record.value;
  const subnets = before.subnets.map((subnet) => {
    if (subnet.name !== subnetName) return subnet;
    const { privateEndpoints = [], ...others } = subnet;
    const all = change(privateEndpoints);
    return all.length === 0 ? others : { ...others, privateEndpoints: all };
  });
  return networkChange({ ...before, subnets }, record);
}

/** The refusal to delete subnets that are in use. */
function refuseInUse(network: VirtualNetworkRecord | undefined, subnets: readonly SubnetRecord[]) {
  const used = subnets.find(({ privateEndpoints = [] }) => privateEndpoints.length > 0);
  if (network === undefined || used === undefined) return undefined;
  const id = `${virtualNetworkId(network)}/subnets/${used.name}`;
  return refuseResource({ kind: 'subnetInUse', id, users: used.privateEndpoints ?? [] });
}

/** The subnet with that name, ignoring case. */
export function findSubnet(network: VirtualNetworkRecord, name: string): SubnetRecord | undefined {
  return network.subnets.find((subnet) => subnet.name.toLowerCase() === name.toLowerCase());
}

/** The existing subnet with an ARM id, with the record of its network. */
export async function readSubnetById(id: string, store: Store): Promise<ExistingSubnet | undefined> {
  const place = parseSubnetId(id);
  if (place === undefined) return undefined;
  const [record] = await readRecords(store, { get: [virtualNetworkKey(place, place.virtualNetwork)] });
  if (record === undefined) return undefined;
  const subnet = findSubnet(record.value, place.subnet);
  return subnet === undefined ? undefined : { subnet, record, network: { key: record.key, version: record.version } };
}

export interface ExistingSubnet {
  readonly subnet: SubnetRecord;
  /** The record of its network. */
  readonly record: Stored<VirtualNetworkRecord>;
  readonly network: Requirement;
}

function byName(subnets: readonly SubnetRecord[]): ReadonlyMap<string, SubnetRecord> {
  return new Map(subnets.map((subnet) => [subnet.name.toLowerCase(), subnet]));
}

function nextSubnet(
  requested: RequestedSubnet,
  before: ReadonlyMap<string, SubnetRecord>,
  newId: () => string,
): SubnetRecord {
  const known = before.get(requested.name.toLowerCase());
  return {
    ...requested,
    name: known?.name ?? requested.name,
    incarnation: known?.incarnation ?? newId(),
    etag: `W/"${newId()}"`,
    ...(known?.privateEndpoints !== undefined && { privateEndpoints: known.privateEndpoints }),
  };
}

/** Stores a network's new record, and the states of the subnets that changed: other rooms watch only these. */
export function networkChange(
  network: VirtualNetworkRecord,
  record: Stored<VirtualNetworkRecord> | undefined,
): Transaction {
  const before = record?.value;
  const known = new Map(before?.subnets.map((subnet) => [subnet.incarnation, subnet]));
  const key = virtualNetworkKey(network, network.name);
  const put: Put[] = [recordPut(key, network)];
  for (const subnet of network.subnets) {
    const old = known.get(subnet.incarnation);
    known.delete(subnet.incarnation);
    if (old !== undefined && isSameState(old, subnet)) continue;
    put.push(recordPut(subnetKey(subnet.incarnation), stateOf(network, subnet)));
  }
  return {
    require: [{ key, version: record?.version ?? null }],
    put,
    delete: [...known.keys()].map(subnetKey),
  };
}

function stateOf(network: VirtualNetworkRecord, subnet: SubnetRecord): SubnetState {
  return {
    incarnation: subnet.incarnation,
    id: `${virtualNetworkId(network)}/subnets/${subnet.name}`.toLowerCase(),
    vnet: network.resourceGuid,
    addressPrefix: subnet.addressPrefix,
    serviceEndpoint: hasKeyVaultEndpoint(subnet),
    ...(subnet.publicAddresses !== undefined && { publicAddresses: subnet.publicAddresses }),
  };
}

function isSameState(one: SubnetRecord, other: SubnetRecord): boolean {
  return (
    one.addressPrefix === other.addressPrefix &&
    hasKeyVaultEndpoint(one) === hasKeyVaultEndpoint(other) &&
    one.publicAddresses?.join() === other.publicAddresses?.join()
  );
}

export function hasKeyVaultEndpoint(subnet: Pick<SubnetRecord, 'serviceEndpoints'>): boolean {
  return subnet.serviceEndpoints.some(({ service }) => service.toLowerCase() === keyVaultService);
}

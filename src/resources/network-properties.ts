import { contains, overlaps, parseRange } from '../address/range.ts';
import type { Range } from '../address/range.ts';
import { part, readArray, readString, refuse } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import type { ServiceEndpoint } from '../types/network.ts';
import { membersOf, without } from './members.ts';
import { addressSpaceMembers, endpointMembers, networkMembers, readMembers, subnetMembers } from './network-members.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

/** A subnet as a request describes it. */
export interface RequestedSubnet {
  readonly name: string;
  readonly addressPrefix: string;
  readonly serviceEndpoints: readonly ServiceEndpoint[];
  /** Of its NAT gateway, which `linkSubnets` found. */
  readonly publicAddresses?: readonly string[];
  readonly others: Readonly<Record<string, unknown>>;
}

export interface RequestedNetwork {
  readonly addressPrefixes: readonly string[];
  /** Absent when the request did not speak of subnets. */
  readonly subnets?: readonly RequestedSubnet[];
  readonly others: Readonly<Record<string, unknown>>;
}

/** Microsoft, "Azure subscription and service limits", of virtual networks. */
const subnetsMax = 3000;

const subnetName = /^[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$/i;

/** Reads `properties` of a virtual network. */
export function readNetwork(value: unknown): ResourceOutcome<RequestedNetwork> {
  const { addressSpace, subnets, virtualNetworkPeerings: _, ...others } = membersOf(value);
  const space = readMembers(membersOf(addressSpace), 'properties.addressSpace', addressSpaceMembers);
  if (!space.ok) return space;
  const read = readArray(space.value['addressPrefixes'], 'properties.addressSpace.addressPrefixes', readPrefix);
  if (!read.ok) return read;
  const kept = readMembers(others, 'properties', networkMembers);
  if (!kept.ok) return kept;
  const encryption = checkEncryption(kept.value['encryption']);
  if (!encryption.ok) return encryption;
  const base = { addressPrefixes: read.value, others: withoutRegion(kept.value) };
  if (subnets === undefined || subnets === null) return { ok: true, value: base };
  const list = readArray(subnets, 'properties.subnets', (subnet) => ({ ok: true, value: subnet }));
  if (!list.ok) return list;
  const named: RequestedSubnet[] = [];
  for (const [index, subnet] of list.value.entries()) {
    const next = readNamedSubnet(subnet, `properties.subnets[${index}]`);
    if (!next.ok) return next;
    named.push(next.value);
  }
  return { ok: true, value: { ...base, subnets: named } };
}

/** The community of the region is given to it, whatever is sent. */
function withoutRegion(others: RequestedNetwork['others']): RequestedNetwork['others'] {
  const { bgpCommunities } = others;
  if (bgpCommunities === undefined) return others;
  return { ...others, bgpCommunities: without(membersOf(bgpCommunities), ['regionalCommunity']) };
}

/** Azure takes its two members together only (recorded: azure-cli `test_network_vnet_encryption`). */
function checkEncryption(value: unknown): ResourceOutcome<null> {
  const { enabled, enforcement } = membersOf(value);
  const isWhole = typeof enabled === 'boolean' && typeof enforcement === 'string';
  return value === undefined || isWhole ? { ok: true, value: null } : refuseResource({ kind: 'encryptionNotWhole' });
}

/** Reads `properties` of a subnet that is addressed by its own id. */
export function readSubnet(name: string, properties: unknown, path: string): ResourceOutcome<RequestedSubnet> {
  if (!subnetName.test(name)) {
    const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
    return refuse({
      kind: 'wrongType',
      path: `${path}.name`,
      expected: `a subnet name (${rule})`,
      found: 'another text',
    });
  }
  const { addressPrefix, addressPrefixes, serviceEndpoints, ...others } = membersOf(properties);
  const sole: unknown = Array.isArray(addressPrefixes) && addressPrefixes.length === 1 ? addressPrefixes[0] : undefined;
  const prefix = readPrefix(addressPrefix ?? sole, `${path}.properties.addressPrefix`);
  if (!prefix.ok) return prefix;
  const kept = readMembers(others, `${path}.properties`, subnetMembers);
  if (!kept.ok) return kept;
  const at = `${path}.properties.serviceEndpoints`;
  for (const [index, endpoint] of Object.entries(Array.isArray(serviceEndpoints) ? serviceEndpoints : [])) {
    const known = readMembers(membersOf(endpoint), `${at}[${index}]`, endpointMembers);
    if (!known.ok) return known;
  }
  const endpoints = readArray(serviceEndpoints ?? [], at, readEndpoint);
  if (!endpoints.ok) return endpoints;
  const value = { name, addressPrefix: prefix.value, serviceEndpoints: endpoints.value, others: kept.value };
  return { ok: true, value };
}

/** Every subnet lies in the network's address space, and none in another; names are used once. */
export function checkAddresses(
  prefixes: readonly string[],
  subnets: readonly RequestedSubnet[],
): ResourceOutcome<null> {
  if (subnets.length > subnetsMax) {
    return invalid(`The virtual network would have ${subnets.length} subnets; it has at most ${subnetsMax}.`);
  }
  const space = outermost(prefixes.map(rangeOf));
  const names = new Map<string, Placed>();
  const all = subnets.map(({ name, addressPrefix }, index) => ({
    name,
    addressPrefix,
    index,
    range: rangeOf(addressPrefix),
  }));
  for (const subnet of all) {
    const { name, addressPrefix, range } = subnet;
    if (!isWithin(space, range)) {
      return invalid(
        `Subnet '${name}' is not valid because its address prefix ${addressPrefix} is outside the address space of the virtual network (${prefixes.join(', ')}).`,
      );
    }
    const namesake = names.get(name.toLowerCase());
    if (namesake !== undefined) return taken([namesake, subnet]);
    names.set(name.toLowerCase(), subnet);
  }
  // Ranges lie in each other or apart, so that two which overlap have only such between them.
  const sorted = all.toSorted((one, other) => one.range.first - other.range.first);
  const pair = sorted
    .map((subnet, index) => [sorted[index - 1] ?? subnet, subnet] as const)
    .find(([before, subnet]) => before !== subnet && overlaps(before.range, subnet.range));
  return pair === undefined ? { ok: true, value: null } : taken(pair);
}

interface Placed {
  readonly name: string;
  readonly addressPrefix: string;
  readonly index: number;
  readonly range: Range;
}

/** The later one of two in the request is what is wrong. */
function taken(pair: readonly [Placed, Placed]): ResourceOutcome<null> {
  const [other, { name, addressPrefix }] = pair[0].index < pair[1].index ? pair : [pair[1], pair[0]];
  return invalid(
    `Subnet '${name}' is not valid in virtual network: its name or its address prefix ${addressPrefix} is that of subnet '${other.name}', or overlaps it.`,
  );
}

/** The ranges that lie in no other, by their first address. */
function outermost(ranges: readonly Range[]): readonly Range[] {
  const sorted = ranges.toSorted((one, other) => one.first - other.first || other.last - one.last);
  const outer: Range[] = [];
  for (const range of sorted) if (range.first > (outer.at(-1)?.last ?? -1)) outer.push(range);
  return outer;
}

/** Whether one of such ranges has `range` in it. */
function isWithin(outer: readonly Range[], range: Range): boolean {
  let [low, high] = [0, outer.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((outer[middle]?.first ?? Infinity) <= range.first) low = middle + 1;
    else high = middle;
  }
  const last = outer[low - 1];
  return last !== undefined && contains(last, range);
}

function readNamedSubnet(value: unknown, path: string): ResourceOutcome<RequestedSubnet> {
  const { name, properties } = membersOf(value);
  const read = readString(name, `${path}.name`);
  return read.ok ? readSubnet(read.value, properties, path) : read;
}

/** `locations` as they were sent; else what Azure answers for Key Vault, whose endpoints reach every region. */
function readEndpoint(value: unknown, path: string): Read<ServiceEndpoint> {
  const { service, locations } = membersOf(value);
  const named = readString(service, `${path}.service`);
  if (!named.ok) return named;
  const read = readArray(locations ?? ['*'], `${path}.locations`, readString);
  return part(read, (list) => ({ service: named.value, locations: list.length === 0 ? ['*'] : list }));
}

function readPrefix(value: unknown, path: string): Read<string> {
  const text = readString(value, path);
  if (!text.ok) return text;
  const range = parseRange(text.value);
  return range.ok ? text : refuse({ kind: 'notARange', path, value: text.value, problem: range.problem });
}

/** Called with what `readPrefix` accepted. */
function rangeOf(prefix: string): Range {
  const parsed = parseRange(prefix);
  if (!parsed.ok) throw new Error(`the stored address prefix ${prefix} cannot be read`);
  return parsed.range;
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}

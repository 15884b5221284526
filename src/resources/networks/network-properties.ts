import { contains, overlaps, parseRange } from '../../address/address.ts';
import type { Range } from '../../address/address.ts';
import { accept, breached, within, wrong } from '../../shape/fault.ts';
import type { Read } from '../../shape/fault.ts';
import { always, anything, array, object, optional, refine, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { ServiceEndpoint } from '../../types/network.ts';
import { membersOf, readAt, refuseResource, without } from '../refusal.ts';
import type { ResourceBreach, ResourceOutcome } from '../refusal.ts';
import {
  addressSpaceMembers,
  endpointMembers,
  networkMembers,
  networkObject,
  subnetMembers,
} from './network-members.ts';

/** A subnet in a request. */
export interface RequestedSubnet {
  readonly name: string;
  readonly addressPrefix: string;
  readonly serviceEndpoints: readonly ServiceEndpoint[];
  /** The addresses of its NAT gateway, found by `linkSubnets`. */
  readonly publicAddresses?: readonly string[];
  readonly others: Readonly<Record<string, unknown>>;
}

export interface RequestedNetwork {
  readonly addressPrefixes: readonly string[];
  /** Absent if the request has no subnets member. */
  readonly subnets?: readonly RequestedSubnet[];
  readonly others: Readonly<Record<string, unknown>>;
}

/** Microsoft, "Azure subscription and service limits", for virtual networks. */
const subnetsMax = 3000;

const subnetName = /^[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$/i;

const ipv4Range: Shape<string, ResourceBreach> = refine(string, (prefix): Read<string, ResourceBreach> => {
  const range = parseRange(prefix);
  return range.ok ? accept(prefix) : breached(prefix, { kind: 'notARange', value: prefix, problem: range.problem });
});

/** `locations` as sent; otherwise Azure's value for Key Vault, whose endpoints reach every region. */
const serviceEndpoint: Shape<ServiceEndpoint, ResourceBreach> = refine(
  networkObject(endpointMembers, { service: always(string), locations: optional(array(string), []) }),
  ({ service, locations }) => accept({ service, locations: locations.length === 0 ? ['*'] : locations }),
);

const subnetProperties = refine(
  networkObject(subnetMembers, {
    addressPrefix: optional(anything),
    addressPrefixes: optional(anything),
    serviceEndpoints: optional(array(serviceEndpoint), []),
  }),
  ({ addressPrefix: one, addressPrefixes: several, serviceEndpoints, ...others }) => {
    const sole: unknown = Array.isArray(several) && several.length === 1 ? several[0] : undefined;
    const prefix = ipv4Range(one ?? sole);
    if (!prefix.ok) return within('addressPrefix', prefix.fault);
    return accept({ addressPrefix: prefix.value, serviceEndpoints, others });
  },
);

const requestedSubnet: Shape<RequestedSubnet, ResourceBreach> = refine(
  object(
    {
      name: always(
        refine(string, (name) => {
          const rule = '1 to 80 letters, digits, full stops, hyphens and underscores, a letter or digit first';
          return subnetName.test(name) ? accept(name) : wrong(name, `a subnet name (${rule})`);
        }),
      ),
      properties: always(subnetProperties),
    },
    { ignoredIf: () => true },
  ),
  ({ name, properties }) => accept({ name, ...properties }),
);

/** Azure accepts its two members together only (recorded: azure-cli `test_network_vnet_encryption`). */
const encryption: Shape<unknown, ResourceBreach> = (value) => {
  const { enabled, enforcement } = membersOf(value);
  return typeof enabled === 'boolean' && typeof enforcement === 'string'
    ? accept(value)
    : breached(value, { kind: 'encryptionNotWhole' });
};

const network = networkObject(networkMembers, {
  addressSpace: always(networkObject(addressSpaceMembers, { addressPrefixes: always(array(ipv4Range)) })),
  // The region's community is set by the service, whatever is sent.
  bgpCommunities: optional((value) => accept(without(membersOf(value), ['regionalCommunity']))),
  encryption: optional(encryption),
  subnets: optional(array(requestedSubnet)),
});

/** Reads the `properties` of a virtual network. */
export function readNetwork(value: unknown): ResourceOutcome<RequestedNetwork> {
  const read = readAt(network, value, 'properties');
  if (!read.ok) return read;
  const { addressSpace, subnets, ...others } = read.value;
  const { addressPrefixes } = addressSpace;
  return { ok: true, value: { addressPrefixes, ...(subnets !== undefined && { subnets }), others } };
}

/** Reads the `properties` of a subnet with its own id. */
export function readSubnet(name: string, properties: unknown, path: string): ResourceOutcome<RequestedSubnet> {
  return readAt(requestedSubnet, { name, properties }, path);
}

/** Checks that every subnet is within the network's address space, that no two overlap, and that names are unique. */
export function checkAddresses(
  prefixes: readonly string[],
  subnets: readonly RequestedSubnet[],
): ResourceOutcome<null> {
  if (subnets.length > subnetsMax) {
    return invalid(`The virtual network would have ${subnets.length} subnets; the maximum is ${subnetsMax}.`);
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
  // Two ranges are either nested or disjoint, so a range that overlaps another is next to one that it overlaps.
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

/** The later of the two in the request is reported. */
function taken(pair: readonly [Placed, Placed]): ResourceOutcome<null> {
  const [other, { name, addressPrefix }] = pair[0].index < pair[1].index ? pair : [pair[1], pair[0]];
  return invalid(
    `Subnet '${name}' is not valid in virtual network: its name or its address prefix ${addressPrefix} is that of subnet '${other.name}', or overlaps it.`,
  );
}

/** The ranges that are not inside another, by first address. */
function outermost(ranges: readonly Range[]): readonly Range[] {
  const sorted = ranges.toSorted((one, other) => one.first - other.first || other.last - one.last);
  const outer: Range[] = [];
  for (const range of sorted) if (range.first > (outer.at(-1)?.last ?? -1)) outer.push(range);
  return outer;
}

/** Whether one of these ranges contains `range`. */
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

/** Only for prefixes that `ipv4Range` accepted. */
function rangeOf(prefix: string): Range {
  const parsed = parseRange(prefix);
  if (!parsed.ok) throw new Error(`the stored address prefix ${prefix} cannot be read`);
  return parsed.range;
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}

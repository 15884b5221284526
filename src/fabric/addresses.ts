import { formatIpv4, formatRange, networkOf, overlaps, parseIpv4, type Range } from '../address/address.ts';

/** Reads an address that is written in this file. */
function known(text: string): number {
  const value = parseIpv4(text);
  if (value === undefined) throw new Error(`"${text}" is not an IPv4 address.`);
  return value;
}

function block(text: string, prefix: number): Range {
  return networkOf(known(text), prefix);
}

/** The public addresses of the services, in the internet namespace (TEST-NET-1, RFC 5737). All have port 443. */
export const services = {
  vaults: known('192.0.2.10'),
  authority: known('192.0.2.20'),
  resourceManager: known('192.0.2.30'),
  graph: known('192.0.2.40'),
} as const;

/** Azure's address for the platform's DNS and for health probes: the same in every network and region. */
export const platformDns = known('168.63.129.16');
/** The address of the instance metadata service, which leads to the subnet's metadata listener. */
export const instanceMetadata = known('169.254.169.254');

/** The router's address on the wire of every workload. */
export const routerAddress = known('169.254.1.1');
/** The internet's address on the wire of every router. */
export const internetAddress = known('169.254.2.1');
/** The routers' own addresses on the wire to the internet: the number of the network is added. */
const routerLinkBase = known('169.254.128.0');

/** The address of a network's router on the wire to the internet. It is the source of what the platform's DNS is asked. */
export function routerLinkAddress(networkNumber: number): number {
  return routerLinkBase + networkNumber;
}

/** The public addresses of subnets without a NAT gateway. */
export const defaultOutboundPool: Range = block('203.0.113.128', 25);

interface Pool {
  readonly name: string;
  readonly range: Range;
}

/** The addresses that have a meaning in every fabric. No address of a network or of `publicAddressPool` may be there. */
const ownPools: readonly Pool[] = [
  { name: 'the addresses of the services', range: block('192.0.2.0', 24) },
  { name: 'the addresses of hosts on the internet and of default outbound access', range: block('203.0.113.0', 24) },
  { name: "the platform's DNS", range: networkOf(platformDns, 32) },
  { name: 'the link-local addresses', range: block('169.254.0.0', 16) },
  { name: 'the addresses of "this network"', range: block('0.0.0.0', 8) },
  { name: 'the loopback addresses', range: block('127.0.0.0', 8) },
  { name: 'the addresses for multicast and later use', range: block('224.0.0.0', 3) },
];

/** The pool of the fabric, or of the server, that a range has addresses of. */
export function poolAt(range: Range, publicAddressPool?: Range): Pool | undefined {
  const pools = publicAddressPool === undefined ? [] : [{ name: 'publicAddressPool', range: publicAddressPool }];
  return [...ownPools, ...pools].find((pool) => overlaps(pool.range, range));
}

/** The pool's name with its range, for messages. */
export function describePool({ name, range }: Pool): string {
  return `${name} (${range.prefix === 32 ? formatIpv4(range.first) : formatRange(range)})`;
}

/** The blocks that no router of the internet forwards (RFC 1918, RFC 6598): Azure gives them no next hop by default. */
export const privateBlocks: readonly Range[] = [
  block('10.0.0.0', 8),
  block('172.16.0.0', 12),
  block('192.168.0.0', 16),
  block('100.64.0.0', 10),
];

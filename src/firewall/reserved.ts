import { parseIpv4 } from '../address/address.ts';
import { overlaps } from '../address/range.ts';
import type { Range } from '../address/range.ts';

/** A range whose addresses are never public; `first` and `last` belong to it. */
export interface ReservedRange {
  readonly first: number;
  readonly last: number;
  readonly name: string;
}

/**
 * What is not public, in ascending order and disjoint (IANA IPv4 special-purpose address registry, RFC 6890). The words
 * for RFC 1918 are Azure's. The documentation ranges of RFC 5737 are left out on purpose: they count as public, so that
 * examples and tests can use them without naming anyone's real address. 168.63.129.16 is public by registry, but is
 * the platform's own address inside every Azure virtual network.
 */
export const reservedRanges: readonly ReservedRange[] = [
  reserve('0.0.0.0', '0.255.255.255', '"this network" addresses, RFC 791'),
  reserve('10.0.0.0', '10.255.255.255', 'private IP addresses'),
  reserve('100.64.0.0', '100.127.255.255', 'shared addresses of carrier-grade NAT, RFC 6598'),
  reserve('127.0.0.0', '127.255.255.255', 'loopback addresses'),
  reserve('168.63.129.16', '168.63.129.16', "the Azure platform's own address"),
  reserve('169.254.0.0', '169.254.255.255', 'link-local addresses'),
  reserve('172.16.0.0', '172.31.255.255', 'private IP addresses'),
  reserve('192.0.0.0', '192.0.0.255', 'IETF protocol assignments, RFC 6890'),
  reserve('192.88.99.0', '192.88.99.255', 'former 6to4 relay addresses, RFC 7526'),
  reserve('192.168.0.0', '192.168.255.255', 'private IP addresses'),
  reserve('198.18.0.0', '198.19.255.255', 'benchmarking addresses, RFC 2544'),
  reserve('224.0.0.0', '239.255.255.255', 'multicast addresses'),
  reserve('240.0.0.0', '255.255.255.254', 'addresses reserved for future use, RFC 1112'),
  reserve('255.255.255.255', '255.255.255.255', 'the limited broadcast address'),
];

/** The first reserved range that shares an address with `range`. */
export function reservedOverlap(range: Range): ReservedRange | undefined {
  return reservedRanges.find((reserved) => overlaps(range, reserved));
}

function reserve(firstText: string, lastText: string, name: string): ReservedRange {
  const first = parseIpv4(firstText);
  const last = parseIpv4(lastText);
  if (first === undefined || last === undefined) throw new TypeError(`${firstText}-${lastText} is not a range`);
  return { first, last, name };
}

import { formatIpv4, parseAddress, parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import type { Address } from '../types/address.ts';

/** A compiled NAT table. The first line that contains an address applies. */
export type NatTable = readonly NatLine[];

type NatLine =
  | { readonly kind: 'range'; readonly from: Range; readonly to: Range }
  | { readonly kind: 'single'; readonly from: Address; readonly to: Address };

/**
 * Compiles mappings whose two sides have the same size: IPv4 ranges, or single addresses of either family, IPv6 in the
 * form in which the kernel prints it.
 * @throws {TypeError} for a mapping that the settings would have refused
 */
export function compileNat(mappings: readonly { readonly from: string; readonly to: string }[]): NatTable {
  return mappings.map(({ from, to }) => {
    const [range, target] = [parseRange(from), parseRange(to)];
    if (range.ok && target.ok && range.range.prefix === target.range.prefix) {
      return { kind: 'range', from: range.range, to: target.range };
    }
    const [single, seenAs] = [singleAddress(from), singleAddress(to)];
    if (single === undefined || seenAs === undefined) {
      throw new TypeError(`the two sides of the NAT mapping ${from}=${to} differ in size`);
    }
    return { kind: 'single', from: single, to: seenAs };
  });
}

/** The address as the vault sees it behind the NAT: the host part is kept, and an address in no line stays as it is. */
export function translate(table: NatTable, address: Address): Address {
  for (const line of table) {
    if (line.kind === 'single') {
      if (sameAddress(line.from, address)) return line.to;
    } else if (address.family === 4 && line.from.first <= address.value && address.value <= line.from.last) {
      return ipv4(line.to.first + address.value - line.from.first);
    }
  }
  return address;
}

function singleAddress(text: string): Address | undefined {
  const parsed = parseRange(text);
  if (!parsed.ok) return parseAddress(text);
  return parsed.range.prefix === 32 ? ipv4(parsed.range.first) : undefined;
}

function sameAddress(one: Address, other: Address): boolean {
  if (one.family === 4) return other.family === 4 && one.value === other.value;
  return other.family === 6 && one.text === other.text;
}

function ipv4(value: number): Address {
  return { family: 4, value, text: formatIpv4(value) };
}

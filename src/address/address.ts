import type { Address } from '../types/address.ts';

const octet = '(0|[1-9][0-9]{0,2})';
const dottedQuad = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`);
const hexGroup = /^[0-9a-f]{1,4}$/;

/** The longest legal text: eight groups, the last two as a dotted quad (RFC 4291 section 2.2). */
const textLengthMax = 45;

/**
 * Reads an IPv4 address (four decimal octets without leading zeros) or an IPv6 address (any form of RFC 4291 section
 * 2.2, without a zone id). An IPv4-mapped IPv6 address becomes the IPv4 address. `undefined`: not an address.
 */
export function parseAddress(text: string): Address | undefined {
  const value = parseIpv4(text);
  if (value !== undefined) return { family: 4, value, text };
  const groups = parseIpv6(text);
  if (groups === undefined) return undefined;
  const mapped = mappedIpv4(groups);
  if (mapped !== undefined) return { family: 4, value: mapped, text: formatIpv4(mapped) };
  return { family: 6, text: text.toLowerCase() };
}

/** The dotted quad as an unsigned 32-bit number. Leading zeros are refused: some readers take them for octal. */
export function parseIpv4(text: string): number | undefined {
  const match = dottedQuad.exec(text);
  if (match === null) return undefined;
  let value = 0;
  for (const digits of match.slice(1)) {
    const number = Number(digits);
    if (number > 255) return undefined;
    value = value * 256 + number;
  }
  return value;
}

/** The dotted quad of an unsigned 32-bit number. */
export function formatIpv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** The eight 16-bit groups. */
function parseIpv6(text: string): readonly number[] | undefined {
  if (text.length > textLengthMax || !text.includes(':')) return undefined;
  const [head = '', tail, ...more] = text.toLowerCase().split('::');
  if (more.length > 0) return undefined;
  if (tail === undefined) {
    const groups = parseGroups(head, true);
    return groups?.length === 8 ? groups : undefined;
  }
  const before = parseGroups(head, false);
  const after = parseGroups(tail, true);
  if (before === undefined || after === undefined) return undefined;
  // "::" stands for at least one group of zeros.
  const zeros = 8 - before.length - after.length;
  return zeros < 1 ? undefined : [...before, ...Array.from({ length: zeros }, () => 0), ...after];
}

/** Groups between colons; only the end of the address may be a dotted quad, which counts as two. */
function parseGroups(text: string, endsAddress: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (hexGroup.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    const quad = endsAddress && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (quad === undefined) return undefined;
    groups.push(quad >>> 16, quad & 0xffff);
  }
  return groups;
}

/** RFC 4291 section 2.5.5.2: eighty zero bits, sixteen one bits, the IPv4 address. */
function mappedIpv4(groups: readonly number[]): number | undefined {
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? high * 0x10000 + low : undefined;
}

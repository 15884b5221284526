import type { Address } from '../types/address.ts';

const octetForm = '(0|[1-9][0-9]{0,2})';
const dottedQuad = new RegExp(`^${octetForm}\\.${octetForm}\\.${octetForm}\\.${octetForm}$`);
const hexGroup = /^[0-9a-f]{1,4}$/;

/** The longest legal form: eight groups, the last two as a dotted quad (RFC 4291 section 2.2). */
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
  // "::" replaces at least one group of zeros.
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

/** An IPv4 network; `first` and `last` belong to it. A single address has the prefix 32. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** Why a string is not an IPv4 address or range. */
export type RangeProblem =
  | { readonly kind: 'empty' }
  | { readonly kind: 'spaces' }
  | { readonly kind: 'ipv6' }
  | { readonly kind: 'hex' }
  /** Fewer than four octets, as in `10.1` or `10/8`. */
  | { readonly kind: 'shortForm'; readonly octets: number }
  /** `decimal` is the octet without its zeros. */
  | { readonly kind: 'leadingZero'; readonly octet: string; readonly decimal: string }
  | { readonly kind: 'octetOutOfRange'; readonly octet: string }
  /** Not a plain decimal number, but empty, signed, with leading zeros, or a netmask. */
  | { readonly kind: 'prefixMalformed'; readonly prefix: string }
  | { readonly kind: 'prefixOutOfRange'; readonly prefix: string }
  /** `network` is the range with this prefix that contains the address. */
  | { readonly kind: 'hostBitsSet'; readonly network: Range }
  | { readonly kind: 'malformed' };

type ParsedRange =
  { readonly ok: true; readonly range: Range } | { readonly ok: false; readonly problem: RangeProblem };

const decimal = /^[0-9]+$/;
const plainDecimal = /^(0|[1-9][0-9]*)$/;

/** Reads `a.b.c.d` or `a.b.c.d/prefix` (RFC 4632 section 3.1), and says precisely what is wrong with anything else. */
export function parseRange(text: string): ParsedRange {
  const [addressText = '', prefixText, ...more] = text.split('/');
  const address = parseIpv4(addressText);
  if (address === undefined || more.length > 0) return { ok: false, problem: diagnose(text, addressText) };
  if (prefixText === undefined) return { ok: true, range: { first: address, last: address, prefix: 32 } };
  const problem = prefixProblem(prefixText);
  if (problem !== undefined) return { ok: false, problem };
  const network = networkOf(address, Number(prefixText));
  if (network.first !== address) return { ok: false, problem: { kind: 'hostBitsSet', network } };
  return { ok: true, range: network };
}

/** The range as `a.b.c.d/prefix`. */
export function formatRange(range: Range): string {
  return `${formatIpv4(range.first)}/${range.prefix}`;
}

/** The network of `prefix` bits around `address`. */
export function networkOf(address: number, prefix: number): Range {
  // Arithmetic, not shifts: `1 << 32` is 1 in JavaScript, which would turn /0 into a single address.
  const size = 2 ** (32 - prefix);
  const first = address - (address % size);
  return { first, last: first + size - 1, prefix };
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * The addresses that resources of a subnet can have: Azure keeps the first four and the last.
 * https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq
 */
export function givenAddresses({ first, last }: Span): Span {
  return { first: first + 4, last: last - 1 };
}

export function contains(outer: Span, inner: Span): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

export function overlaps(one: Span, other: Span): boolean {
  return one.first <= other.last && other.first <= one.last;
}

function prefixProblem(text: string): RangeProblem | undefined {
  if (/\s/.test(text)) return { kind: 'spaces' };
  if (!plainDecimal.test(text)) return { kind: 'prefixMalformed', prefix: text };
  if (Number(text) > 32) return { kind: 'prefixOutOfRange', prefix: text };
  return undefined;
}

function diagnose(text: string, addressText: string): RangeProblem {
  if (text.trim() === '') return { kind: 'empty' };
  if (/\s/.test(text)) return { kind: 'spaces' };
  if (addressText.includes(':')) {
    return { kind: parseAddress(addressText) === undefined ? 'malformed' : 'ipv6' };
  }
  if (/0x[0-9a-f]/i.test(addressText)) return { kind: 'hex' };
  const octets = addressText.split('.');
  if (octets.length > 4 || !octets.every((octet) => decimal.test(octet))) return { kind: 'malformed' };
  if (octets.length < 4) return { kind: 'shortForm', octets: octets.length };
  return octetProblem(octets) ?? { kind: 'malformed' };
}

function octetProblem(octets: readonly string[]): RangeProblem | undefined {
  for (const octet of octets) {
    if (!plainDecimal.test(octet)) return { kind: 'leadingZero', octet, decimal: octet.replace(/^0+(?=[0-9])/, '') };
    if (Number(octet) > 255) return { kind: 'octetOutOfRange', octet };
  }
  return undefined;
}

/** The key that addresses of one site share: an IPv4 address, or an IPv6 network of 64 bits. */
export function siteOf(address: Address): string {
  return address.family === 4 ? address.text : networkOf64(address.text);
}

/** A site has at least 64 bits of addresses (RFC 6177 section 2), and a client could use any of them. */
function networkOf64(text: string): string {
  const [head = '', tail] = text.split('%', 1).join('').split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? 0 : 8 - first.length - last.length;
  return `${[...first, ...Array.from({ length: middle }, () => '0'), ...last].slice(0, 4).join(':')}::/64`;
}

import { formatIpv4, parseAddress, parseIpv4 } from './address.ts';

/** An IPv4 network; `first` and `last` belong to it. A single address has the prefix 32. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

/** What is wrong with a text that should be an IPv4 address or range. */
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
  /** Not a plain decimal number: empty, signed, with leading zeros, or a netmask. */
  | { readonly kind: 'prefixMalformed'; readonly prefix: string }
  | { readonly kind: 'prefixOutOfRange'; readonly prefix: string }
  /** `network` is the range that has the address in it and ends at the prefix. */
  | { readonly kind: 'hostBitsSet'; readonly network: Range }
  | { readonly kind: 'malformed' };

export type ParsedRange =
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

import { networkOf } from '../address/address.ts';
import type { Range } from '../address/address.ts';

/** IPv4 addresses as unsigned 32-bit numbers, both ends included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** A set of IPv4 addresses: ascending spans that neither overlap nor touch, so that equal sets have equal lists. */
export type Spans = readonly Span[];

export const noAddress: Spans = [];
export const everyAddress: Spans = [{ first: 0, last: 0xffffffff }];

/** The addresses of any of the spans, which may come in any order and overlap. */
export function union(spans: readonly Span[]): Spans {
  const joined: Span[] = [];
  for (const { first, last } of spans.toSorted((one, other) => one.first - other.first)) {
    const before = joined.at(-1);
    if (before === undefined || first > before.last + 1) joined.push({ first, last });
    else if (last > before.last) joined[joined.length - 1] = { first: before.first, last };
  }
  return joined;
}

/** The addresses of `from` that are not in `without`. */
export function minus(from: Spans, without: Spans): Spans {
  const left: Span[] = [];
  let next = 0;
  for (const { first, last } of from) {
    let start = first;
    while ((without[next]?.last ?? Infinity) < start) next += 1;
    for (let index = next; start <= last; index += 1) {
      const hole = without[index];
      if (hole === undefined || hole.first > last) {
        left.push({ first: start, last });
        break;
      }
      if (hole.first > start) left.push({ first: start, last: hole.first - 1 });
      start = hole.last + 1;
    }
  }
  return left;
}

/**
 * The addresses of each span of `of` that are in `within` too, in one pass: a vault may have thousands of rules. Unlike those
 * of a set, the spans of `of` may touch, and each piece keeps the members of its span.
 */
export function piecesOf<Of extends Span>(of: readonly Of[], within: Spans): readonly Of[] {
  const pieces: Of[] = [];
  let next = 0;
  for (const span of of) {
    while ((within[next]?.last ?? Infinity) < span.first) next += 1;
    for (let index = next; ; index += 1) {
      const other = within[index];
      if (other === undefined || other.first > span.last) break;
      pieces.push({ ...span, first: Math.max(span.first, other.first), last: Math.min(span.last, other.last) });
    }
  }
  return pieces;
}

export function has(spans: Spans, address: number): boolean {
  return spans.some(({ first, last }) => first <= address && address <= last);
}

/** How many addresses there are. */
export function count(spans: Spans): number {
  return spans.reduce((all, { first, last }) => all + last - first + 1, 0);
}

/** The fewest CIDR ranges that are exactly these addresses (RFC 4632). */
export function rangesOf(spans: Spans): readonly Range[] {
  return spans.flatMap(({ first, last }) => {
    const ranges: Range[] = [];
    for (let start = first; start <= last;) {
      let prefix = 32;
      while (prefix > 0) {
        const wider = networkOf(start, prefix - 1);
        if (wider.first !== start || wider.last > last) break;
        prefix -= 1;
      }
      const range = networkOf(start, prefix);
      ranges.push(range);
      start = range.last + 1;
    }
    return ranges;
  });
}

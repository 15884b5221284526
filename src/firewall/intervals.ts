import type { Range } from '../address/address.ts';
import type { Interval } from './arena.ts';

interface IndexedRange extends Range {
  readonly rule: number;
}

/**
 * The ranges as ascending, disjoint intervals, each with the narrowest range that contains it; of equal ranges the one
 * with the lowest index. CIDR ranges are nested or disjoint, never half across each other, so one pass with a stack of
 * the ranges around the current address does it; the result has fewer than twice as many intervals as there are ranges.
 */
export function intervalsOf(ranges: readonly Range[]): readonly Interval[] {
  const intervals: Interval[] = [];
  const around: IndexedRange[] = [];
  let next = 0;
  const cover = (last: number, rule: number): void => {
    if (next <= last) intervals.push({ first: next, last, rule });
    next = last + 1;
  };
  const leaveBefore = (address: number): void => {
    for (let inner = around.at(-1); inner !== undefined && inner.last < address; inner = around.at(-1)) {
      cover(inner.last, inner.rule);
      around.pop();
    }
  };
  for (const range of widestFirst(ranges)) {
    leaveBefore(range.first);
    const inner = around.at(-1);
    // An equal range with a lower index is already there, and verdicts name that one.
    if (inner?.first === range.first && inner.prefix === range.prefix) continue;
    if (inner !== undefined) cover(range.first - 1, inner.rule);
    next = range.first;
    around.push(range);
  }
  leaveBefore(Infinity);
  return intervals;
}

function widestFirst(ranges: readonly Range[]): readonly IndexedRange[] {
  return ranges
    .map((range, rule) => ({ ...range, rule }))
    .toSorted((a, b) => a.first - b.first || a.prefix - b.prefix || a.rule - b.rule);
}

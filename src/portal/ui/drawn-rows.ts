/** The rows of a long list that are drawn. */
export interface DrawnRows {
  readonly first: number;
  /** The one behind the last. */
  readonly end: number;
  readonly beforePx: number;
  readonly afterPx: number;
}

const spareRows = 12;

/** The window, clamped, because a filter may have made the list shorter than what was scrolled past. */
export function windowOf(
  count: number,
  rowPx: number,
  seen: { readonly first: number; readonly rows: number },
): DrawnRows {
  const first = Math.max(0, Math.min(seen.first, count - seen.rows) - spareRows);
  const end = Math.min(count, first + seen.rows + 2 * spareRows);
  return { first, end, beforePx: first * rowPx, afterPx: (count - end) * rowPx };
}

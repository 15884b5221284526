import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface RowWindow {
  /** Goes on the element around the rows; its height stands for all of them. */
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly first: number;
  /** The one behind the last. */
  readonly end: number;
  readonly beforePx: number;
  readonly afterPx: number;
}

const spareRows = 12;

/** Which rows of a long list are drawn: those in sight and some around. Without it 10,000 rows are 100,000 nodes. */
export function useRowWindow(count: number, rowPx: number): RowWindow {
  const ref = useRef<HTMLDivElement | null>(null);
  const [seen, setSeen] = useState({ first: 0, rows: 40 });
  useEffect(() => {
    const update = () => {
      const top = ref.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / rowPx));
      const rows = Math.ceil(window.innerHeight / rowPx);
      setSeen((last) => (last.first === first && last.rows === rows ? last : { first, rows }));
    };
    update();
    window.addEventListener('scroll', update, { passive: true });
    window.addEventListener('resize', update);
    return () => {
      window.removeEventListener('scroll', update);
      window.removeEventListener('resize', update);
    };
  }, [rowPx, count]);
  return { ref, ...windowOf(count, rowPx, seen) };
}

/** Pure: the window, clamped, because a filter may have made the list shorter than what was scrolled past. */
export function windowOf(
  count: number,
  rowPx: number,
  seen: { readonly first: number; readonly rows: number },
): Omit<RowWindow, 'ref'> {
  const first = Math.max(0, Math.min(seen.first, count - seen.rows) - spareRows);
  const end = Math.min(count, first + seen.rows + 2 * spareRows);
  return { first, end, beforePx: first * rowPx, afterPx: (count - end) * rowPx };
}

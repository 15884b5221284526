import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { windowOf } from './drawn-rows.ts';
import type { DrawnRows } from './drawn-rows.ts';

export interface RowWindow extends DrawnRows {
  /** Goes on the element around the rows; its height stands for all of them. */
  readonly ref: RefObject<HTMLDivElement | null>;
}

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

import { useEffect, useState } from 'preact/hooks';
import { usePortal } from './portal.ts';
import type { List } from './request.ts';

export interface Pages<T> {
  readonly items: readonly T[];
  /** All pages are there, or it failed. */
  readonly done: boolean;
  readonly error?: unknown;
}

/**
 * A list, page by page; every page is shown when it arrives. `reload` keeps the old items until then. Another `first` is
 * another list.
 */
export function usePages<T>(list: List): Pages<T> & { readonly reload: () => void } {
  const { services } = usePortal();
  const { first } = list;
  const [kept, setKept] = useState<Pages<T> & { readonly from: string }>({ from: first, items: [], done: false });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const ending = new AbortController();
    const load = async () => {
      const items: T[] = [];
      for await (const page of services.pages<T>(list, ending.signal)) {
        items.push(...page);
        setKept({ from: first, items: items.slice(), done: false });
      }
      setKept({ from: first, items, done: true });
    };
    load().catch((error: unknown) => {
      if (ending.signal.aborted) return;
      setKept((last) => ({ from: first, items: last.from === first ? last.items : [], done: true, error }));
    });
    return () => {
      ending.abort();
    };
  }, [first, turn]);
  return {
    ...(kept.from === first ? kept : { items: [], done: false }),
    reload: () => {
      setTurn((last) => last + 1);
    },
  };
}

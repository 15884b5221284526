import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { RequestFailed } from './request.ts';
import type { Services } from './request.ts';
import type { User } from './session.ts';
import type { Settings } from './settings.ts';

/** Every page has these. */
export interface Portal {
  readonly settings: Settings;
  readonly services: Services;
  readonly user: User;
}

export const PortalContext = createContext<Portal | undefined>(undefined);

export function usePortal(): Portal {
  const portal = useContext(PortalContext);
  if (portal === undefined) throw new Error('a page is drawn outside of the portal');
  return portal;
}

export type Loaded<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown };

/** A value that is loaded again when `key` changes. `reload` keeps showing the old one until the new one is there. */
export function useLoaded<T>(
  load: (signal: AbortSignal) => Promise<T>,
  key: string,
): { readonly loaded: Loaded<T>; readonly reload: () => void } {
  const [turn, setTurn] = useState(0);
  const [kept, setKept] = useState<{ readonly key: string; readonly loaded: Loaded<T> }>({
    key,
    loaded: { state: 'loading' },
  });
  useEffect(() => {
    const ending = new AbortController();
    const settle = (loaded: Loaded<T>) => {
      if (!ending.signal.aborted) setKept({ key, loaded });
    };
    const show = async () => {
      settle({ state: 'ready', value: await load(ending.signal) });
    };
    show().catch((error: unknown) => {
      settle({ state: 'failed', error });
    });
    return () => {
      ending.abort();
    };
  }, [key, turn]);
  return {
    loaded: kept.key === key ? kept.loaded : { state: 'loading' },
    reload: () => {
      setTurn((last) => last + 1);
    },
  };
}

/** Whether the error is a refusal with that status. */
export function isRefusal(error: unknown, status: number): boolean {
  return error instanceof RequestFailed && error.failure.kind === 'refused' && error.failure.status === status;
}

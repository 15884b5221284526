import { useEffect, useState } from 'preact/hooks';
import { readNetworkInfo } from './network-info.ts';
import type { SeenAs } from './network-info.ts';

/** The last word of the vaults, and the origin of one that gave the browser no answer. */
interface Heard {
  readonly seen?: SeenAs;
  readonly unreachable?: string;
}

let heard: Heard = {};
const listeners = new Set<(heard: Heard) => void>();

/**
 * Asks a vault, which says it in every answer (`x-ms-keyvault-network-info`). `/healthstatus` answers from any network and
 * without a token (Azure's private-link-diagnostics), and leaves nothing in the vault's log.
 */
export async function askSeenAs(vaultUri: string): Promise<void> {
  const { origin } = new URL(vaultUri);
  const response = await fetch(`${origin}/healthstatus`, {
    cache: 'no-store',
    credentials: 'omit',
  }).catch(() => undefined);
  // Read to its end, so that the connection is free for the next request.
  await response?.text();
  const seen = readNetworkInfo(response?.headers.get('x-ms-keyvault-network-info'));
  if (response === undefined) heard = { ...heard, unreachable: origin };
  else heard = seen === undefined ? {} : { seen };
  for (const listener of listeners) listener(heard);
}

export function useSeenAs(): SeenAs | undefined {
  return useHeard().seen;
}

/** The origin of a vault that the browser got no answer from, although this page has one. */
export function useUnreachableVault(): string | undefined {
  return useHeard().unreachable;
}

function useHeard(): Heard {
  const [last, setLast] = useState(heard);
  useEffect(() => {
    setLast(heard);
    listeners.add(setLast);
    return () => {
      listeners.delete(setLast);
    };
  }, []);
  return last;
}

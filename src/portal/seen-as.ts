import { useEffect, useState } from 'preact/hooks';
import { readNetworkInfo } from './network-info.ts';
import type { SeenAs } from './network-info.ts';

let known: SeenAs | undefined;
const listeners = new Set<(seen: SeenAs | undefined) => void>();

/**
 * Asks a vault, which says it in every answer (`x-ms-keyvault-network-info`): in the challenge before a token too, and where
 * its rules let no source in. After a failure the last answer stays.
 */
export async function askSeenAs(vaultOrigin: string): Promise<void> {
  const response = await fetch(`${vaultOrigin}secrets?api-version=7.6&maxresults=1`, {
    cache: 'no-store',
    credentials: 'omit',
  }).catch(() => undefined);
  const seen = readNetworkInfo(response?.headers.get('x-ms-keyvault-network-info'));
  if (seen === undefined) return;
  known = seen;
  for (const listener of listeners) listener(seen);
}

export function useSeenAs(): SeenAs | undefined {
  const [seen, setSeen] = useState(known);
  useEffect(() => {
    setSeen(known);
    listeners.add(setSeen);
    return () => {
      listeners.delete(setSeen);
    };
  }, []);
  return seen;
}

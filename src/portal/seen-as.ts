import { useEffect, useState } from 'preact/hooks';

/** Where the vaults see this browser, in their own words. */
export interface SeenAs {
  /** The address. */
  readonly text: string;
  /** `ipv4`: a public address, which an IP rule can name. Over IPv6 and over a service endpoint no IP rule can match. */
  readonly by: 'ipv4' | 'ipv6' | 'serviceEndpoint';
}

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

/** Reads `conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;`; `undefined` for anything else. */
export function readNetworkInfo(header: string | null | undefined): SeenAs | undefined {
  const members = new Map(
    (header ?? '').split(';').map((member) => {
      const at = member.indexOf('=');
      return [member.slice(0, at).trim().toLowerCase(), member.slice(at + 1).trim()];
    }),
  );
  const address = members.get('addr');
  if (address === undefined || address === '' || address === 'unknown') return undefined;
  // Over a service endpoint a vault gives the private IPv4 address as IPv6, as Azure does.
  const overIpv6 = members.get('act_addr_fam') === 'InterNetworkV6';
  if (address.includes(':')) return { text: address, by: 'ipv6' };
  return overIpv6 ? { text: address, by: 'serviceEndpoint' } : { text: address, by: 'ipv4' };
}

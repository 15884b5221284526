/** Where the vaults see this browser, in their own words. */
export interface SeenAs {
  /** The address. */
  readonly text: string;
  /** `ipv4`: a public address, which an IP rule can name. Over IPv6 and over a service endpoint no IP rule can match. */
  readonly by: 'ipv4' | 'ipv6' | 'serviceEndpoint';
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

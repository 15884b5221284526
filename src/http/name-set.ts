/**
 * The names under which one Postern is asked (design: "Name sets"). An answer uses the set that was asked, so that ids,
 * `nextLink` and the challenge are valid where the client stands. Every `suffix` and `host` carries its port, as the
 * Host header does, unless that is 443.
 */
export interface NameSet {
  /** `.vault.localhost:8443`, after a vault's name. */
  readonly vaultSuffix: string;
  /** The hosts that are not vaults: resource manager, authority, Graph and portal. */
  readonly homes: readonly string[];
  /** Origin of the authority, in a vault's challenge and in discovery: `https://localhost:8443`. */
  readonly authority: string;
  /** Origin of the resource manager: `https://localhost:8443`. */
  readonly resourceManager: string;
  /** What a token for a vault is asked for, and its audience: `https://vault.localhost:8443`. */
  readonly vaultResource: string;
}

export type HostMatch =
  | { readonly kind: 'vault'; readonly names: NameSet; readonly vault: string }
  | { readonly kind: 'home'; readonly names: NameSet };

/** The set of an ordinary server: everything under one domain and port. */
export function nameSet(domain: string, port: number): NameSet {
  const suffix = port === 443 ? '' : `:${port}`;
  return {
    vaultSuffix: `.vault.${domain}${suffix}`,
    homes: [`${domain}${suffix}`],
    authority: `https://${domain}${suffix}`,
    resourceManager: `https://${domain}${suffix}`,
    vaultResource: `https://vault.${domain}${suffix}`,
  };
}

/**
 * What the names of storage accounts, registries and databases would end with: below our own domain, so that nobody is
 * sent to Azure, and served by nobody.
 */
export function unservedSuffix({ homes: [home = ''] }: NameSet, service: 'storage' | 'registry' | 'database'): string {
  return `${service}.${home}`;
}

/** Which vault, or which home, a Host header names; `undefined` when it matches no set, port included. */
export function matchHost(sets: readonly NameSet[], host: string): HostMatch | undefined {
  const asked = host.toLowerCase();
  for (const names of sets) {
    if (names.homes.includes(asked)) return { kind: 'home', names };
    if (asked.endsWith(names.vaultSuffix)) {
      const vault = asked.slice(0, -names.vaultSuffix.length);
      // A vault's name has no dot, so that `a.b.vault.localhost` is nobody's.
      if (/^[a-z0-9-]{1,127}$/.test(vault)) return { kind: 'vault', names, vault };
    }
  }
  return undefined;
}

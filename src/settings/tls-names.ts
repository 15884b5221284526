/**
 * The DNS names of a certificate, in lower case. Clients read no other: a name in the subject counts for none of them
 * (RFC 9525 section 6.3).
 * @param alternativeNames as `X509Certificate.subjectAltName` gives them; a name with other characters is in quotes
 */
export function dnsNamesIn(alternativeNames: string | undefined): readonly string[] {
  const names = (alternativeNames ?? '').matchAll(/(?:^|, )DNS:([a-z0-9_*.-]+)(?=,|$)/gi);
  return Array.from(names, ([, name = '']) => name.toLowerCase());
}

/** The hosts of a server that a certificate covers. */
export interface Coverage {
  /** The resource manager, the authority, Graph and the portal. */
  readonly home: boolean;
  /** Every vault. */
  readonly vaults: boolean;
  /** Single vaults, by host. */
  readonly single: readonly string[];
}

export function coverageOf(names: readonly string[], domain: string): Coverage {
  const suffix = `.vault.${domain}`;
  return {
    home: names.some((name) => covers(name, domain)),
    vaults: names.includes(`*${suffix}`),
    single: names.filter((name) => name.endsWith(suffix) && /^[a-z0-9-]+$/.test(name.slice(0, -suffix.length))),
  };
}

/** A wildcard is the whole first label, and stands for one label (RFC 9525 section 6.3). */
function covers(name: string, host: string): boolean {
  if (!name.startsWith('*.')) return name === host;
  const dot = host.indexOf('.');
  return dot > 0 && name.slice(1) === host.slice(dot);
}

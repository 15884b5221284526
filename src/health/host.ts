import { isIP } from 'node:net';

/** The names by which the listener may be asked, besides addresses and names without a dot. In lower case. */
export interface HealthNames {
  readonly domain: string;
  readonly hosts: readonly string[];
}

/**
 * Whether a Host header may name this listener. A page in a browser can have a name of its own lead to a loopback address,
 * and then read what is there (DNS rebinding). Such a name has a dot, and is not one that the operator gave. A request
 * without the header (HTTP/1.0) does not come from a browser.
 */
export function isHealthHost(header: string | undefined, { domain, hosts }: HealthNames): boolean {
  if (header === undefined) return true;
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::[0-9]{1,5})?$/i.exec(header) ?? [];
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  if (plain === undefined) return false;
  const name = plain.toLowerCase();
  return isIP(name) === 4 || !name.includes('.') || name === domain || hosts.includes(name);
}

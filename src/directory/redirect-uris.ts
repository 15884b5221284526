import type { RedirectUris } from './records.ts';

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Which of the rules for a redirect URI this one breaks (Microsoft, "Redirect URI restrictions"), `undefined` for none. */
export function redirectUriRule(uri: string): string | undefined {
  const parsed = URL.canParse(uri) ? new URL(uri) : undefined;
  if (parsed === undefined) return `'${uri}' is not an absolute URI`;
  if (uri.includes('#')) return `'${uri}' has a fragment, in which the answer is sent: leave it out`;
  if (uri.includes('*')) return `'${uri}' has a wildcard: write each URI out`;
  if (parsed.protocol === 'javascript:' || parsed.protocol === 'data:') return `'${uri}' is not an address`;
  if (parsed.protocol === 'http:' && !loopbackHosts.has(parsed.hostname)) {
    return `'${uri}' is not encrypted: use https (http is taken on loopback only)`;
  }
  return undefined;
}

/**
 * Under which heading the redirect URI of a request is registered; `undefined` when it is not. They are compared byte by
 * byte, but for the port of a loopback address, which a native client is given by its system (RFC 8252 section 7.3).
 * `home` is our own origin, that a URI beginning with a slash is below: those of clients that are part of this server.
 */
export function registeredAs(registered: RedirectUris, uri: string, home: string): keyof RedirectUris | undefined {
  const asked = withoutLoopbackPort(uri);
  for (const type of ['publicClient', 'web', 'spa'] as const) {
    const known = registered[type].map((text) => (text.startsWith('/') ? `${home}${text}` : text));
    if (known.includes(uri) || (asked !== undefined && known.some((text) => withoutLoopbackPort(text) === asked))) {
      return type;
    }
  }
  return undefined;
}

function withoutLoopbackPort(uri: string): string | undefined {
  if (!URL.canParse(uri)) return undefined;
  const { protocol, hostname, pathname, search, username, hash } = new URL(uri);
  if (protocol !== 'http:' || !loopbackHosts.has(hostname) || username !== '' || hash !== '') return undefined;
  return `${hostname}${pathname}${search}`;
}

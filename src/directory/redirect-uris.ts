import type { RedirectUris } from './records.ts';

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The rule that a redirect URI breaks, with the URI (Microsoft, "Redirect URI restrictions"); `undefined` if it breaks none. */
export function redirectUriRule(uri: string): string | undefined {
  const parsed = URL.parse(uri);
  if (parsed === null) return `'${uri}' is not an absolute URI`;
  if (!isAscii(uri)) return `'${uri}' has a character that a URI cannot have: percent-encode it`;
  if (uri.includes('#')) return `'${uri}' has a fragment, but the answer is sent there: leave it out`;
  if (uri.includes('*')) return `'${uri}' has a wildcard: write each URI out`;
  if (parsed.protocol === 'javascript:' || parsed.protocol === 'data:') return `'${uri}' does not name a server`;
  if (parsed.protocol === 'http:' && !loopbackHosts.has(parsed.hostname)) {
    return `'${uri}' is not encrypted: use https (http is accepted on loopback only)`;
  }
  return undefined;
}

/** RFC 3986 section 2: nothing else may be in a URI, nor in the Location header that it is sent back in (RFC 9110 section 5.5). */
function isAscii(uri: string): boolean {
  return /^[!-~]+$/.test(uri);
}

/**
 * The platform that a request's redirect URI is registered under; `undefined` if it is not registered. `web` comes first, so
 * that a URI registered under two platforms does not free a confidential client from authenticating. URIs are compared
 * byte by byte, except for the port of a loopback address, which a native client gets from its system (RFC 8252 section
 * 7.3). `home` is our own origin; a registered URI that begins with a slash, as of clients in this server, is relative to it.
 */
export function registeredAs(registered: RedirectUris, uri: string, home: string): keyof RedirectUris | undefined {
  if (!isAscii(uri)) return undefined;
  const asked = withoutLoopbackPort(uri);
  const known = platforms.map((type) => ({
    type,
    uris: registered[type].map((registeredUri) =>
      registeredUri.startsWith('/') ? `${home}${registeredUri}` : registeredUri,
    ),
  }));
  const exact = known.find(({ uris }) => uris.includes(uri));
  const onAnyPort = () =>
    asked === undefined
      ? undefined
      : known.find(({ uris }) => uris.some((registeredUri) => withoutLoopbackPort(registeredUri) === asked));
  return (exact ?? onAnyPort())?.type;
}

const platforms = ['web', 'spa', 'publicClient'] as const;

function withoutLoopbackPort(uri: string): string | undefined {
  const parsed = URL.parse(uri);
  if (parsed === null) return undefined;
  const { protocol, hostname, pathname, search, username, password, hash } = parsed;
  if (protocol !== 'http:' || !loopbackHosts.has(hostname)) return undefined;
  if (username !== '' || password !== '' || hash !== '') return undefined;
  return `${hostname}${pathname}${search}`;
}

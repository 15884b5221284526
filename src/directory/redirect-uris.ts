import type { RedirectUris } from './records.ts';

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Which of the rules for a redirect URI this one breaks (Microsoft, "Redirect URI restrictions"), `undefined` for none. */
export function redirectUriRule(uri: string): string | undefined {
  const parsed = URL.parse(uri);
  if (parsed === null) return `'${uri}' is not an absolute URI`;
  if (uri.includes('#')) return `'${uri}' has a fragment, in which the answer is sent: leave it out`;
  if (uri.includes('*')) return `'${uri}' has a wildcard: write each URI out`;
  if (parsed.protocol === 'javascript:' || parsed.protocol === 'data:') return `'${uri}' is not an address`;
  if (parsed.protocol === 'http:' && !loopbackHosts.has(parsed.hostname)) {
    return `'${uri}' is not encrypted: use https (http is taken on loopback only)`;
  }
  return undefined;
}

/**
 * The platform that the redirect URI of a request is registered under; `undefined` when it is not registered. `web` comes
 * first: a URI that is registered under two platforms does not spare a confidential client its credential. They are compared byte by
 * byte, but for the port of a loopback address, which a native client is given by its system (RFC 8252 section 7.3).
 * `home` is our own origin, that a URI beginning with a slash is below: those of clients that are part of this server.
 */
export function registeredAs(registered: RedirectUris, uri: string, home: string): keyof RedirectUris | undefined {
  const asked = withoutLoopbackPort(uri);
  const known = platforms.map((type) => ({
    type,
    uris: registered[type].map((text) => (text.startsWith('/') ? `${home}${text}` : text)),
  }));
  const exact = known.find(({ uris }) => uris.includes(uri));
  const onAnyPort = () =>
    asked === undefined
      ? undefined
      : known.find(({ uris }) => uris.some((text) => withoutLoopbackPort(text) === asked));
  return (exact ?? onAnyPort())?.type;
}

const platforms = ['web', 'spa', 'publicClient'] as const;

function withoutLoopbackPort(uri: string): string | undefined {
  const parsed = URL.parse(uri);
  if (parsed === null) return undefined;
  const { protocol, hostname, pathname, search, username, hash } = parsed;
  if (protocol !== 'http:' || !loopbackHosts.has(hostname) || username !== '' || hash !== '') return undefined;
  return `${hostname}${pathname}${search}`;
}

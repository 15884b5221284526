import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { targetFault } from './request.ts';

/**
 * The names under which clients reach one Postern (design: "Name sets"). An answer uses the set that the request used,
 * so that ids, `nextLink` and the challenge work for the client. Every `suffix` and `host` includes its port, as the
 * Host header does, unless it is 443.
 */
export interface NameSet {
  /** `.vault.localhost:8443`, which follows a vault's name. */
  readonly vaultSuffix: string;
  /** The hosts that are not vaults: resource manager, authority, Graph and portal. */
  readonly homes: readonly string[];
  /** Origin of the authority, in a vault's challenge and in discovery: `https://localhost:8443`. */
  readonly authority: string;
  /** Origin of the resource manager: `https://localhost:8443`. */
  readonly resourceManager: string;
  /** The resource that a token for a vault is requested for, and its audience: `https://vault.localhost:8443`. */
  readonly vaultResource: string;
}

type HostMatch =
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
 * The suffix of names of storage accounts, registries and databases. It is below our own domain, so that clients are
 * not sent to Azure, and nothing serves it.
 */
export function unservedSuffix({ homes: [home = ''] }: NameSet, service: 'storage' | 'registry' | 'database'): string {
  return `${service}.${home}`;
}

/** The vault or the home that a Host header names; `undefined` when it matches no set, including the port. */
export function matchHost(sets: readonly NameSet[], host: string): HostMatch | undefined {
  const asked = host.toLowerCase();
  for (const names of sets) {
    if (names.homes.includes(asked)) return { kind: 'home', names };
    if (asked.endsWith(names.vaultSuffix)) {
      const vault = asked.slice(0, -names.vaultSuffix.length);
      // A vault's name has no dot, so `a.b.vault.localhost` is not a vault.
      if (/^[a-z0-9-]{1,127}$/.test(vault)) return { kind: 'vault', names, vault };
    }
  }
  return undefined;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** An edge's listener; `host` is what the Host header names. */
export type HostListener<H extends HostMatch> = (request: IncomingMessage, response: ServerResponse, host: H) => void;

export type VaultHost = Extract<HostMatch, { readonly kind: 'vault' }>;
export type HomeHost = Extract<HostMatch, { readonly kind: 'home' }>;

/** The listener of an edge at home. Returns whether the path belongs to it; otherwise it does not answer. */
export type HomeListener = (request: IncomingMessage, response: ServerResponse, host: HomeHost) => boolean;

/**
 * Sends a request to the edge that its Host header names. A target that two parsers could read differently gets 400
 * (`targetFault`). A request gets 421 if it names two hosts, a host that is not ours, another host than its TLS
 * connection (RFC 6066 section 3), or its target in absolute form (RFC 9112 section 3.2.2): what the connection proved
 * must be about the same server as the request.
 */
export function dispatchByHost(
  nameSets: readonly NameSet[],
  edges: { readonly vault: HostListener<VaultHost>; readonly home: HostListener<HomeHost> },
): Listener {
  // The last host of each connection: the next request usually names the same.
  const last = new WeakMap<Socket, { readonly host: string; readonly named: HostMatch }>();
  const namedBy = (request: IncomingMessage): HostMatch | undefined => {
    const host = soleHost(request);
    if (host === undefined) return undefined;
    const known = last.get(request.socket);
    if (known?.host === host) return known.named;
    const named = matchHost(nameSets, host);
    if (named === undefined || !agreesWithSni(request)) return undefined;
    last.set(request.socket, { host, named });
    return named;
  };
  return (request, response) => {
    const named = namedBy(request);
    if (named === undefined || !(request.url ?? '').startsWith('/')) {
      misdirected(response, request.headers.host);
      return;
    }
    const fault = targetFault(request.url ?? '');
    if (fault !== undefined) {
      const message = `The request target is invalid: ${fault}.`;
      refuse(response, { status: 400, code: 'BadRequest', message });
      return;
    }
    if (named.kind === 'vault') edges.vault(request, response, named);
    else edges.home(request, response, named);
  };
}

/** The Host header, unless it is missing or occurs more than once. */
function soleHost({ rawHeaders }: IncomingMessage): string | undefined {
  let host: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue;
    if (host !== undefined) return undefined;
    host = rawHeaders[index + 1];
  }
  return host;
}

function agreesWithSni(request: IncomingMessage): boolean {
  const servername = 'servername' in request.socket ? request.socket.servername : undefined;
  // SNI must not have an IP address (RFC 6066 section 3), but clients that connect to one may send it.
  if (typeof servername !== 'string' || servername === '' || isIP(servername) !== 0) return true;
  const host = request.headers.host ?? '';
  const colon = host.lastIndexOf(':');
  return servername.toLowerCase() === (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
}

function misdirected(response: ServerResponse, host: string | undefined): void {
  const named = (host ?? '').slice(0, 255);
  const message = `The request names the host '${named}', which is not one of this server on this connection. Use the vault's own URL.`;
  refuse(response, { status: 421, code: 'MisdirectedRequest', message });
}

function refuse(
  response: ServerResponse,
  { status, code, message }: { readonly status: number; readonly code: string; readonly message: string },
): void {
  const body = JSON.stringify({ error: { code, message } });
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

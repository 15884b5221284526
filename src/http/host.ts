import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { azureHosts } from '../types/service.ts';
import type { HomeService, Service } from '../types/service.ts';
import { servernameOf } from './connection-tls.ts';
import { targetFault } from './request.ts';

/**
 * The names under which clients reach one Postern (design: "Name sets"). An answer uses the set that the request used,
 * so that ids, `nextLink` and the challenge work for the client. Every `suffix` and `host` includes its port, as the
 * Host header does, unless it is 443.
 */
export interface NameSet {
  /** `.vault.localhost:8443`, which follows a vault's name. */
  readonly vaultSuffix: string;
  /** The hosts that are not vaults and have everything else: resource manager, authority, Graph and portal. */
  readonly homes: readonly string[];
  /** The hosts that have one service alone. */
  readonly hostsOf?: Readonly<Record<HomeService, readonly string[]>>;
  /** Origin of the authority, in a vault's challenge and in discovery: `https://localhost:8443`. */
  readonly authority: string;
  /** Origin of the resource manager: `https://localhost:8443`. */
  readonly resourceManager: string;
  /** Origin of Graph: `https://localhost:8443`. */
  readonly graph: string;
  /** The resource that a token for a vault is requested for, and its audience: `https://vault.localhost:8443`. */
  readonly vaultResource: string;
  /** More about the cloud, for clients that ask. */
  readonly cloud: Cloud;
}

/** The name of a cloud, its portal, and the suffixes of the names of services that Postern does not have. */
interface Cloud {
  readonly name: string;
  readonly portal: string;
  readonly storage: string;
  readonly registry: string;
  readonly database: string;
}

type HostMatch =
  | { readonly kind: 'vault'; readonly names: NameSet; readonly vault: string }
  /** `service`: the only one at this host; absent where it has all of them. */
  | { readonly kind: 'home'; readonly names: NameSet; readonly service?: HomeService };

/** The set of an ordinary server: everything under one domain and port. */
export function nameSet(domain: string, port: number): NameSet {
  const home = port === 443 ? domain : `${domain}:${port}`;
  const origin = `https://${home}`;
  return {
    vaultSuffix: `.vault.${home}`,
    homes: [home],
    authority: origin,
    resourceManager: origin,
    graph: origin,
    vaultResource: `https://vault.${home}`,
    cloud: {
      name: 'Postern',
      portal: `${origin}/portal/`,
      // Below our own domain, so that clients are not sent to Azure. Nothing serves them.
      storage: `storage.${home}`,
      registry: `registry.${home}`,
      database: `database.${home}`,
    },
  };
}

/** Azure's own public names, for workloads of the fabric. There no name leads to Azure. */
export const azureNames: NameSet = {
  vaultSuffix: azureHosts.vaultSuffix,
  homes: [],
  hostsOf: azureHosts,
  authority: `https://${azureHosts.authority[0]}`,
  resourceManager: `https://${azureHosts.resourceManager[0]}`,
  graph: `https://${azureHosts.graph[0]}`,
  vaultResource: 'https://vault.azure.net',
  cloud: {
    name: 'AzureCloud',
    portal: 'https://portal.azure.com',
    storage: 'core.windows.net',
    registry: 'azurecr.io',
    database: 'database.windows.net',
  },
};

const homeServices = ['authority', 'resourceManager', 'graph'] as const;

/** The hosts that one listener serves. */
export interface Served {
  readonly sets: readonly NameSet[];
  /** The set with a port that none of `sets` has, where one with 443 is among them; absent: such a host is not served. */
  readonly ofPort?: (port: number) => NameSet;
  /** The only service whose hosts it serves; absent: all hosts of the sets. */
  readonly only?: Service;
}

/** The host that a Host header names, if the listener serves it. */
function servedHost({ only, ...served }: Served, host: string): HostMatch | undefined {
  const named = matchHost(served, host);
  if (named === undefined || only === undefined) return named;
  const service = named.kind === 'vault' ? 'vaults' : named.service;
  return service === only ? named : undefined;
}

/** The vault or the home that a Host header names; `undefined` when it matches no set, including the port. */
export function matchHost({ sets, ofPort }: Omit<Served, 'only'>, host: string): HostMatch | undefined {
  // The default port equals none (RFC 9110 section 4.2.3).
  const asked = host.toLowerCase().replace(/(?<!:\d*):443$/, '');
  const named = matchInSets(sets, asked);
  if (named !== undefined || ofPort === undefined) return named;
  const [, name, digits = ''] = /^([^:]+):(\d+)$/.exec(asked) ?? [];
  const port = portOf(digits);
  // A set is made for a host of ours alone: a stranger must not have this server make one for each request.
  const known = name === undefined || port === undefined ? undefined : matchInSets(sets, name);
  return port === undefined || known === undefined ? undefined : { ...known, names: ofPort(port) };
}

function matchInSets(sets: readonly NameSet[], asked: string): HostMatch | undefined {
  for (const names of sets) {
    if (names.homes.includes(asked)) return { kind: 'home', names };
    const service = homeServices.find((one) => names.hostsOf?.[one].includes(asked));
    if (service !== undefined) return { kind: 'home', names, service };
    if (asked.endsWith(names.vaultSuffix)) {
      const vault = asked.slice(0, -names.vaultSuffix.length);
      // A vault's name has no dot, so `a.b.vault.localhost` is not a vault.
      if (/^[a-z0-9-]{1,127}$/.test(vault)) return { kind: 'vault', names, vault };
    }
  }
  return undefined;
}

/** A port in the one form that a URL has it in: digits without a zero before them. */
export function portOf(digits: string): number | undefined {
  const port = Number(digits);
  return /^[1-9]\d{0,4}$/.test(digits) && port <= 65_535 ? port : undefined;
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
 * (`targetFault`). A request gets 421 if it names two hosts, a host that its listener does not serve, another host than its TLS
 * connection (RFC 6066 section 3), or its target in absolute form (RFC 9112 section 3.2.2): what the connection proved
 * must be about the same server as the request.
 */
export function dispatchByHost(
  servedOn: (connection: Socket) => Served,
  edges: { readonly vault: HostListener<VaultHost>; readonly home: HostListener<HomeHost> },
): Listener {
  // The last host of each connection: the next request usually names the same.
  const last = new WeakMap<Socket, { readonly host: string; readonly named: HostMatch }>();
  const namedBy = (request: IncomingMessage): HostMatch | undefined => {
    const host = soleHost(request);
    if (host === undefined) return undefined;
    const known = last.get(request.socket);
    if (known?.host === host) return known.named;
    const named = servedHost(servedOn(request.socket), host);
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
  const servername = servernameOf(request.socket);
  // SNI must not have an IP address (RFC 6066 section 3), but clients that connect to one may send it.
  if (servername === undefined || servername === '' || isIP(servername) !== 0) return true;
  const host = request.headers.host ?? '';
  const colon = host.lastIndexOf(':');
  return servername.toLowerCase() === (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
}

function misdirected(response: ServerResponse, host: string | undefined): void {
  const named = (host ?? '').slice(0, 255);
  const message = `The request names the host '${named}', which is not one of this server on this connection. Use the vault's own URL.`;
  refuse(response, { status: 421, code: 'MisdirectedRequest', message });
}

/** An answer that no edge makes. */
export function refuse(
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

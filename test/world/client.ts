import { request } from 'node:https';
import type { Agent } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../../src/setup/identity.ts';

export interface Sent {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** Besides or instead of those that a client sends. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The loopback address to connect from: 127.0.0.7 is seen as 203.0.113.7. */
  readonly from?: string;
  /** `false`: with a connection of its own. */
  readonly agent?: Agent | false;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; `undefined` for no body. */
  readonly body: Json;
}

/** JSON for tests: a missing member is `undefined`, which an assertion reports. */
export type Json = { readonly [member: string]: Json } & { readonly [index: number]: Json } & (
    string | number | boolean | undefined
  );

export interface Client {
  readonly identity: Identity;
  readonly ca: string;
  readonly home: string;
  readonly vaultOrigin: (vault: string) => string;
  /** Sends a request to the URL of the resource manager, the authority or a vault, unchanged. */
  readonly send: (url: string, sent?: Sent) => Promise<Answered>;
  /** A token of the administrator for vaults (`vault`) or the resource manager (`arm`), or of another client. */
  readonly token: (resource: 'vault' | 'arm' | (string & {}), client?: Credentials) => Promise<string>;
  /**
   * A request to the resource manager as the administrator; `path` is below the subscription, `api-version` is added.
   */
  readonly arm: (method: string, path: string, body?: unknown, sent?: Sent) => Promise<Answered>;
  /** A request to a vault as the administrator; `api-version` is added. */
  readonly vault: (vault: string, method: string, path: string, sent?: Sent) => Promise<Answered>;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tenantId?: string;
}

interface Target {
  readonly port: number;
  /** The port in its URLs, where a balancer is in front of the server. */
  readonly publicPort?: number;
  readonly domain: string;
  readonly ca: string;
  readonly identity: Identity;
  /** Keeps connections for the next request; without it each request has one of its own. */
  readonly agent?: Agent | false;
}

/** A plain client: the test chooses every header, address and body. Names resolve to loopback without a resolver. */
export function connect({ port, publicPort = port, domain, ca, identity, agent = false }: Target): Client {
  const home = `https://${domain}:${publicPort}`;
  const tokens = new Map<string, Promise<string>>();
  const send = (url: string, sent: Sent = {}) => exchange(new URL(url), { agent, ...sent }, { ca, port });
  const vaultOrigin = (vault: string) => `https://${vault}.vault.${domain}:${publicPort}`;

  async function requestToken(resource: string, client: Credentials): Promise<string> {
    const answer = await send(`${home}/${client.tenantId ?? identity.tenantId}/oauth2/v2.0/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        scope: `${resource}/.default`,
      }).toString(),
    });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${JSON.stringify(answer.body)}`);
    return String(answer.body['access_token']);
  }

  function token(resource: string, client: Credentials = identity): Promise<string> {
    const named = { vault: `https://vault.${domain}:${publicPort}`, arm: home }[resource] ?? resource;
    const key = `${named} ${client.clientId}`;
    const known = tokens.get(key);
    if (known !== undefined) return known;
    const asked = requestToken(named, client);
    tokens.set(key, asked);
    // Requested again after a failure, for example when the server was killed meanwhile.
    asked.catch(() => tokens.delete(key));
    return asked;
  }

  return {
    identity,
    ca,
    home,
    vaultOrigin,
    send,
    token,
    async arm(method, path, body, sent = {}) {
      const url = `${home}/subscriptions/${identity.subscriptionId}${path}${path.includes('?') ? '&' : '?'}api-version=2023-07-01`;
      return send(url, { method, body, token: await token('arm'), ...sent });
    },
    async vault(vault, method, path, sent = {}) {
      const url = `${vaultOrigin(vault)}${path}${path.includes('?') ? '&' : '?'}api-version=7.4`;
      return send(url, { method, token: await token('vault'), ...sent });
    },
  };
}

function exchange(
  url: URL,
  { method = 'GET', token, body, headers, from, agent = false }: Sent,
  { ca, port }: Pick<Target, 'ca' | 'port'>,
): Promise<Answered> {
  const payload = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: from?.includes(':') ? '::1' : '127.0.0.1',
        port,
        servername: url.hostname,
        ca,
        method,
        path: `${url.pathname}${url.search}`,
        ...(from !== undefined && { localAddress: from }),
        agent,
        headers: {
          host: url.host,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(payload !== undefined && { 'content-type': 'application/json' }),
          ...(payload !== undefined && { 'content-length': String(Buffer.byteLength(payload)) }),
          ...headers,
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('error', reject);
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const parsed: unknown = text === '' ? undefined : JSON.parse(text);
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: parsed as Json });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { portFor } from './connection.ts';
import type { Connection } from './connection.ts';
import { CommandFailed } from './failed.ts';
import { membersOf } from './json.ts';

export interface ClientRequest {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** A URL under one of the server's names. */
  readonly url: string;
  readonly token?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** The local address to connect from. */
  readonly localAddress?: string | undefined;
  /** Other headers: conditions. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ClientAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly etag?: string | undefined;
}

/** The longest silence of a server that is asked: making a large key takes a few seconds. */
const patienceMs = 60_000;

/** Sends a request to the server on this machine. Host names are not resolved: only browsers and curl resolve `*.localhost`. */
export function send(
  connection: Connection,
  { method, url, token, form, json, localAddress, headers = {} }: ClientRequest,
): Promise<ClientAnswer> {
  const asked = new URL(url);
  const { hostname, host, pathname, search } = asked;
  const payload = form === undefined ? jsonOf(json) : new URLSearchParams(form).toString();
  const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: addressFor(connection, localAddress),
        port: portFor(connection, asked),
        servername: hostname,
        // The proxy of the environment, which "exec --declared" sets, leads to the server by names alone.
        agent: false,
        ca: readFileSync(connection.caFile),
        method,
        path: `${pathname}${search}`,
        localAddress,
        headers: {
          ...headers,
          host,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(payload !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(payload) }),
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const received = Buffer.concat(chunks).toString();
          const { statusCode: status = 0, headers: found } = incoming;
          resolve({ status, body: received === '' ? undefined : JSON.parse(received), etag: found.etag });
        });
      },
    );
    outgoing.setTimeout(patienceMs, () => outgoing.destroy(new Error(`no answer within ${patienceMs / 1000} seconds`)));
    outgoing.on('error', (error) => {
      const hint =
        localAddress === undefined
          ? 'Is it running? Start it with "postern start".'
          : `Is ${localAddress} an address of this machine?`;
      reject(
        new CommandFailed(
          `The server at ${connection.home} cannot be reached: ${error.message}`,
          hint,
          'ServerUnreachable',
        ),
      );
    });
    outgoing.end(payload);
  });
}

/** The server's address, of the family of the one to connect from. */
function addressFor({ address, addresses = [address] }: Connection, localAddress: string | undefined): string {
  if (localAddress === undefined) return address;
  return addresses.find((each) => isIP(each) === isIP(localAddress)) ?? address;
}

function jsonOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** A token of the administrator for `resource`. */
export async function getToken(connection: Connection, resource: string): Promise<string> {
  const { home, tenantId, clientId, clientSecret } = connection;
  const { status, body } = await send(connection, {
    method: 'POST',
    url: `${home}/${tenantId}/oauth2/v2.0/token`,
    form: {
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${resource}/.default`,
    },
  });
  const token = membersOf(body).get('access_token');
  if (status === 200 && typeof token === 'string') return token;
  throw tokenRefused({ status, body });
}

/** The failure for an answer of the token endpoint that is an error, without the ids that are for the server's operator. */
export function tokenRefused({ status, body }: ClientAnswer): CommandFailed {
  const error = membersOf(body).get('error');
  const description = membersOf(body).get('error_description');
  const said = typeof description === 'string' ? description.replace(/ Trace ID: .*$/s, '') : 'it gave no reason.';
  const hint = status >= 500 ? 'See "postern status" for what the server cannot do at the moment.' : undefined;
  const code = typeof error === 'string' ? error : `Status${status}`;
  return new CommandFailed(`The server issued no token, it answered ${status}: ${said}`, hint, code);
}

/** The resource to request tokens for vaults for. */
export function vaultResource({ vaultSuffix }: Connection): string {
  return `https://${vaultSuffix.slice(1)}`;
}

/** The failure for an answer that is an error, with Azure's innermost code. */
export function answerFailed(answer: ClientAnswer, hint?: string): CommandFailed {
  const error = membersOf(membersOf(answer.body).get('error'));
  const code = membersOf(error.get('innererror')).get('code') ?? error.get('code');
  return new CommandFailed(errorMessage(answer), hint, typeof code === 'string' ? code : `Status${answer.status}`);
}

/** The status, codes and message of an error answer, from Azure's error envelope. */
export function errorMessage({ status, body }: ClientAnswer): string {
  const error = membersOf(membersOf(body).get('error'));
  if (error.size === 0) return `The server answered ${status}.`;
  const inner = membersOf(error.get('innererror')).get('code');
  const code = [error.get('code'), inner].filter((part) => typeof part === 'string').join(' / ');
  return `${status} ${code}\n${String(error.get('message')).replaceAll('\r\n', '\n')}`;
}

import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import type { Client, Json } from './client.ts';

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  /** Parsed JSON; `undefined` for no body. */
  readonly body: Json;
}

/** Sends a request whose target is used byte for byte: no URL parser changes it. */
export async function sendRaw(
  { home, ca }: Pick<Client, 'home' | 'ca'>,
  asked: {
    readonly method: string;
    readonly target: string;
    readonly token?: string;
    readonly body?: unknown;
    /** Instead of the server's own name. */
    readonly host?: string;
  },
): Promise<RawAnswer> {
  const { port, host: own, hostname } = new URL(home);
  const host = asked.host ?? own;
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    ca,
    servername: asked.host === undefined ? hostname : (host.split(':', 1)[0] ?? ''),
  });
  const payload = asked.body === undefined ? '' : JSON.stringify(asked.body);
  const lines = [
    `${asked.method} ${asked.target} HTTP/1.1`,
    `Host: ${host}`,
    ...(asked.token === undefined ? [] : [`Authorization: Bearer ${asked.token}`]),
    ...(payload === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(payload)}`]),
    'Connection: close',
  ];
  socket.write(Buffer.from([...lines, '', payload].join('\r\n'), 'latin1'));
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  const body = rest.join('\r\n\r\n');
  const parsed: unknown = body.startsWith('{') ? JSON.parse(body) : undefined;
  return { status: Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), head, body: parsed as Json };
}

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** A visit to a page, from the internet. */
export interface Visit {
  readonly port: number;
  readonly host: string;
  /** The root that the visitor trusts. */
  readonly root: string;
  /** The host that the request names, where the connection was made for another one. */
  readonly asks?: string;
}

/** The page and the certificate that the visitor saw. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  /** Of the server's certificate, in capitals. */
  readonly serialNumber: string;
}

/** Opens the page on a new connection. @throws {Error} unless the server is there, and its chain leads to the root */
export async function visit({ port, host, root, asks = host }: Visit): Promise<Seen> {
  const headers = { host: asks, connection: 'close' };
  const asked = request({ host: '127.0.0.1', port, servername: host, ca: root, agent: false, headers });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const serialNumber = (answer.socket as TLSSocket).getPeerX509Certificate()?.serialNumber ?? '';
  let text = '';
  for await (const part of answer) text += String(part);
  return { status: answer.statusCode ?? 0, text, serialNumber };
}

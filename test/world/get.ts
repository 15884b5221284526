import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { TestServer } from './server.ts';

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request whose answer stays as it was sent: a compressed body is not unpacked. */
export function get(
  { port, client }: TestServer,
  path: string,
  { method = 'GET', headers = {} }: { readonly method?: string; readonly headers?: Record<string, string> } = {},
): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const target = { host: '127.0.0.1', port, servername: 'localhost', ca: client.ca, agent: false, method, path };
  const sent = request({ ...target, headers: { host: `localhost:${port}`, ...headers } }, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () =>
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
    );
  });
  sent.on('error', reject);
  sent.end();
  return promise;
}

import { request } from 'node:https';
import { Browser } from './browser.ts';
import type { Loaded, Sent } from './browser.ts';

/** A browser that connects over the network, to a server of this machine. */
export function browserAt({ port, ca }: { readonly port: number; readonly ca: string }): Browser {
  return new Browser(
    ({ method, url, headers, body }: Sent) =>
      new Promise<Loaded>((resolve, reject) => {
        const { pathname, search, host, hostname } = new URL(url);
        const target = { host: '127.0.0.1', servername: hostname, port, ca, agent: false };
        const sent = { ...target, method, path: `${pathname}${search}`, headers: { ...headers, host } };
        const outgoing = request(sent, (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('error', reject);
          incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text, headers: incoming.headers }));
        });
        outgoing.on('error', reject);
        outgoing.end(body);
      }),
  );
}

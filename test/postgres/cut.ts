import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A way to a server that can be cut: its clients lose their connections, and the server does not hear of it. */
export interface Way extends AsyncDisposable {
  readonly url: string;
  cut(): void;
}

/** Leads from a port of its own to the server of the URL. */
export async function wayTo(url: string): Promise<Way> {
  const { port } = new URL(url);
  const clients = new Set<Socket>();
  const servers = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(Number(port), '127.0.0.1');
    clients.add(client);
    servers.add(server);
    client.on('data', (data) => server.write(data)).on('error', () => {});
    server.on('data', (data) => client.write(data)).on('error', () => {});
    server.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a listening server without a port');
  const cut = (): void => {
    for (const client of clients) client.destroy();
    clients.clear();
  };
  return {
    url: url.replace(`:${port}`, `:${address.port}`),
    cut,
    [Symbol.asyncDispose]: async () => {
      cut();
      for (const server of servers) server.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A way from a node to its database that can be cut: a port of loopback whose bytes go to another. */
export interface Link extends AsyncDisposable {
  readonly port: number;
  /** Ends every connection and refuses more of them. */
  readonly cut: () => void;
  /** Connections stay, and nothing arrives any more in either direction, as where packets are dropped. */
  readonly hang: () => void;
  /** After `hang`, what was sent meanwhile arrives late. */
  readonly restore: () => void;
}

export async function openLink(to: number): Promise<Link> {
  let state: 'open' | 'cut' | 'hanging' = 'open';
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (state === 'cut') {
      client.destroy();
      return;
    }
    const upstream = connect(to, '127.0.0.1');
    const end = () => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket);
        socket.destroy();
      }
    };
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('data', (bytes) => other.write(bytes));
      one.on('error', end).on('close', end);
      if (state === 'hanging') one.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    cut() {
      state = 'cut';
      for (const socket of sockets) socket.destroy();
    },
    hang() {
      state = 'hanging';
      for (const socket of sockets) socket.pause();
    },
    restore() {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      state = 'cut';
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

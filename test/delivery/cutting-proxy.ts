import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

/** A proxy that loses answers: what was asked was done, and who asked does not know. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** How many appends were done. */
  readonly appends: () => number;
  /** How many answers were lost. */
  readonly cuts: () => number;
  /** Cuts every connection, and takes no more of them. */
  readonly close: () => void;
  readonly open: () => void;
}

/** Passes bytes on to a port of loopback, and cuts the connection instead of every `nth` answer to an append. */
export async function cuttingProxy(to: number, nth: number): Promise<CuttingProxy> {
  let appends = 0;
  let cuts = 0;
  let isOpen = true;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    if (!isOpen) {
      client.destroy();
      return;
    }
    clients.add(client);
    const upstream = connect(to, '127.0.0.1');
    let isAppend = false;
    client.on('data', (bytes) => {
      if (bytes.includes('comp=appendblock')) isAppend = true;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isAppend && bytes.includes('HTTP/1.1 201')) {
        isAppend = false;
        appends += 1;
        if (appends % nth === 0) {
          cuts += 1;
          client.destroy();
          upstream.destroy();
          return;
        }
      }
      client.write(bytes);
    });
    const end = () => {
      clients.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    appends: () => appends,
    cuts: () => cuts,
    close() {
      isOpen = false;
      for (const client of clients) client.destroy();
    },
    open() {
      isOpen = true;
    },
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, isIPv6 } from 'node:net';
import type { Socket } from 'node:net';

export interface ConnectProxy extends AsyncDisposable {
  /** For a browser's setting. */
  readonly url: string;
}

/**
 * A proxy for a browser whose connections are to come from the loopback address `from`, as no browser lets one choose:
 * it answers CONNECT (RFC 9110 section 9.3.6) alone, and every name leads to this machine. Another request than CONNECT,
 * which is one without TLS, is refused with 405.
 */
export async function openConnectProxy(from: string): Promise<ConnectProxy> {
  const host = isIPv6(from) ? '::1' : '127.0.0.1';
  const sockets = new Set<Socket>();
  const server = createServer((_, response) => response.writeHead(405, { allow: 'CONNECT' }).end());
  server.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    const port = Number(/:(\d+)$/.exec(url)?.[1]);
    const onward = connect({ host, port, localAddress: from });
    onward.once('connect', () => {
      client.write('HTTP/1.1 200 Connected\r\n\r\n');
      if (head.length > 0) onward.write(head);
      client.pipe(onward).pipe(client);
    });
    for (const [socket, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => sockets.delete(socket) && other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

import { once } from 'node:events';
import { createConnection } from 'node:net';

/**
 * Sends one request to a unix socket of `serveLines`.
 * @returns the answer's line; an empty string when the other side ended before it answered
 * @throws {Error} of the connection, with its `code`
 */
export async function askLine(path: string, request: object): Promise<string> {
  const socket = createConnection(path);
  let received = '';
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const chunk of socket) {
      received += String(chunk);
      if (received.endsWith('\n')) return received;
    }
    return '';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return '';
    throw error;
  } finally {
    socket.destroy();
  }
}

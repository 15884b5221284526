import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

/** A connection to a unix socket of `serveLines`, for one request at a time. */
export class LineConnection implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // The next request says that the connection is over.
    socket.on('error', () => undefined);
    socket.setEncoding('utf8');
  }

  /** @throws {Error} of the connection, with its `code` */
  static async open(path: string): Promise<LineConnection> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    return new LineConnection(socket);
  }

  /** @returns the answer's line; an empty string when the other side ended before it answered */
  ask(request: object): Promise<string> {
    const socket = this.#socket;
    const { promise, resolve } = Promise.withResolvers<string>();
    let received = '';
    const take = (chunk: string): void => {
      received += chunk;
      if (received.endsWith('\n')) settle(received);
    };
    const end = (): void => settle('');
    const settle = (line: string): void => {
      socket.off('data', take).off('close', end);
      resolve(line);
    };
    if (socket.destroyed) return Promise.resolve('');
    socket.on('data', take).once('close', end);
    socket.write(`${JSON.stringify(request)}\n`);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/**
 * Sends one request to a unix socket of `serveLines`.
 * @returns the answer's line; an empty string when the other side ended before it answered
 * @throws {Error} of the connection, with its `code`
 */
export async function askLine(path: string, request: object): Promise<string> {
  using connection = await LineConnection.open(path);
  return await connection.ask(request);
}

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What clients get to see of a server that stops, in milliseconds. */
export interface DrainTimes {
  /** A connection without a request is ended when nothing has come on it for so long: its client may just be sending one. */
  readonly quiet: number;
  /** Then it is over, whatever is still unanswered. */
  readonly most: number;
}

const checkMs = 50;

/**
 * Follows the requests of an HTTP server, so that it can be stopped without losing one that has been sent. Node's own
 * `closeIdleConnections` ends a connection between two requests at once, under the hands of a client that is sending the
 * next, and never one that has not brought its first.
 */
export class Drain {
  readonly #sockets = new Set<Socket>();
  readonly #unanswered = new Set<ServerResponse>();
  #draining = false;

  constructor(http: Server) {
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    http.prependListener('request', (_request, response) => {
      this.#unanswered.add(response);
      response.once('close', () => this.#unanswered.delete(response));
      if (this.#draining) endsConnection(response);
    });
  }

  /**
   * Lets what is in flight be answered, each with `Connection: close` (RFC 9112 section 9.6), and ends every connection
   * that has nothing in flight. Nobody must hand over new connections any more, but for the `handshakes` under way.
   * Returns how many connections were left when the time was up; the caller ends them.
   */
  async drain({ quiet, most }: DrainTimes, handshakes: () => number): Promise<number> {
    this.#draining = true;
    for (const response of this.#unanswered) endsConnection(response);
    const heard = new Map<Socket, { readonly bytes: number; readonly atMs: number }>();
    for (let waitedMs = 0; waitedMs < most; waitedMs += checkMs) {
      // Who has a handshake under way gets as long as who has a connection.
      if (this.#sockets.size === 0 && (handshakes() === 0 || waitedMs >= quiet)) break;
      const busy = new Set([...this.#unanswered].map((response) => response.req.socket));
      for (const socket of this.#sockets) {
        const known = heard.get(socket);
        if (busy.has(socket) || known?.bytes !== socket.bytesRead) {
          heard.set(socket, { bytes: socket.bytesRead, atMs: waitedMs });
        } else if (waitedMs - known.atMs >= quiet) {
          socket.destroySoon();
        }
      }
      await sleep(checkMs);
    }
    return this.#sockets.size;
  }
}

function endsConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a server that stops waits, in milliseconds. */
export interface DrainTimes {
  /** A connection without a request is ended when nothing has come on it for so long: its client may just be sending one. */
  readonly quiet: number;
  /** The whole stop: then even what is unanswered is cut. */
  readonly most: number;
}

const checkMs = 50;

/** What counts the requests in flight on each connection. */
interface Counting {
  begin(socket: Socket): void;
  end(socket: Socket): void;
}

/** Tells each of `countings` when a request of `http` comes and when it has been answered, or its connection has ended. */
export function countRequests(http: Server, countings: readonly Counting[]): void {
  // One function for all: a closure a request costs more than the counting.
  function ended(this: ServerResponse): void {
    for (const counting of countings) counting.end(this.req.socket);
  }
  http.on('request', ({ socket }, response) => {
    for (const counting of countings) counting.begin(socket);
    response.on('close', ended);
  });
}

/**
 * Counts the requests in flight on each connection of an HTTP server, so that it can be stopped without losing one that has
 * been sent. Node's own `closeIdleConnections` ends a connection between two requests at once, under the hands of a client
 * that is sending the next, and never one that has not brought its first.
 *
 * It keeps connections and numbers, never a request or a response: a collection that outlives them makes V8 promote them,
 * which tripled the time of garbage collection.
 */
export class Drain implements Counting {
  readonly #connections = new Map<Socket, { inFlight: number }>();
  #draining = false;

  /** Whether answers end their connections. */
  get draining(): boolean {
    return this.#draining;
  }

  opened(socket: Socket): void {
    this.#connections.set(socket, { inFlight: 0 });
    socket.once('close', () => this.#connections.delete(socket));
  }

  begin(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.inFlight += 1;
  }

  end(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.inFlight -= 1;
  }

  /**
   * Lets what is in flight be answered, each with `Connection: close` (RFC 9112 section 9.6), and ends every connection
   * that has nothing in flight. No new connections may be handed over, except those whose `handshakes` are under way.
   * Returns how many connections were left when the time was up; the caller ends them.
   */
  async drain({ quiet, most }: DrainTimes, handshakes: () => number): Promise<number> {
    this.#draining = true;
    const heard = new Map<Socket, { readonly bytes: number; readonly atMs: number }>();
    for (let waitedMs = 0; waitedMs < most; waitedMs += checkMs) {
      // A client in the middle of its handshake gets as long as one that has a connection.
      if (this.#connections.size === 0 && (handshakes() === 0 || waitedMs >= quiet)) break;
      for (const [socket, { inFlight }] of this.#connections) {
        const known = heard.get(socket);
        if (inFlight > 0 || known?.bytes !== socket.bytesRead) {
          heard.set(socket, { bytes: socket.bytesRead, atMs: waitedMs });
        } else if (waitedMs - known.atMs >= quiet) {
          socket.destroySoon();
        }
      }
      await sleep(checkMs);
    }
    return this.#connections.size;
  }
}

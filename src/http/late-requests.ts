import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';

interface Late {
  /** The late request, if its header is complete. */
  request: IncomingMessage | undefined;
  timer: NodeJS.Timeout | undefined;
  readonly closed: () => void;
}

interface LateRequestParts {
  readonly http: Server;
  /** How long a late request may take after its connection is read again, in milliseconds. */
  readonly graceMs: number;
  /** Ends the connection. */
  readonly end: (socket: Socket) => void;
}

/**
 * Requests that were late while their connection was paused or just after it, which may be the server's doing. Node
 * reports each request once: without another limit, the client could take any time for the rest of it.
 */
export class LateRequests {
  readonly #parts: LateRequestParts;
  readonly #late = new Map<Socket, Late>();

  constructor(parts: LateRequestParts) {
    this.#parts = parts;
  }

  /** `request`: the one whose body is late; `undefined` if a header is. */
  add(socket: Socket, request: IncomingMessage | undefined): void {
    const { http } = this.#parts;
    if (this.#late.has(socket)) return;
    // Only now, so that the requests of other connections cost nothing.
    if (this.#late.size === 0) http.on('request', this.#begun);
    const late: Late = { request, timer: undefined, closed: () => this.#forget(socket) };
    this.#late.set(socket, late);
    socket.once('close', late.closed);
    this.#wait(socket, late);
  }

  #wait(socket: Socket, late: Late): void {
    const wait = () => {
      if (this.#late.get(socket) !== late) return;
      late.timer = setTimeout(() => this.#judge(socket, late), this.#parts.graceMs).unref();
    };
    if (socket.isPaused()) socket.once('resume', wait);
    else wait();
  }

  /** The first request that begins is the late one. */
  readonly #begun = (request: IncomingMessage): void => {
    const late = this.#late.get(request.socket);
    if (late !== undefined) late.request ??= request;
  };

  #judge(socket: Socket, late: Late): void {
    if (late.request?.complete !== true && socket.isPaused()) {
      this.#wait(socket, late);
      return;
    }
    this.#forget(socket);
    if (late.request?.complete !== true) this.#parts.end(socket);
  }

  #forget(socket: Socket): void {
    const late = this.#late.get(socket);
    if (late === undefined) return;
    clearTimeout(late.timer);
    socket.off('close', late.closed);
    this.#late.delete(socket);
    if (this.#late.size === 0) this.#parts.http.off('request', this.#begun);
  }
}

/** When a connection that has been paused was last resumed. */
const resumedMs = new WeakMap<Socket, number>();

/** Notes from now on when a paused connection is resumed. */
export function notePause(socket: Socket): void {
  if (resumedMs.has(socket)) return;
  resumedMs.set(socket, -Infinity);
  socket.on('resume', noteResume);
}

/** Whether a connection is paused, or was until at most `ms` ago. */
export function wasPaused(socket: Socket, ms: number): boolean {
  return socket.isPaused() || performance.now() - (resumedMs.get(socket) ?? -Infinity) < ms;
}

function noteResume(this: Socket): void {
  resumedMs.set(this, performance.now());
}

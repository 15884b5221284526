import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerClientError, isLate, lateError } from './client-error.ts';
import { LateRequests, notePause, wasPaused } from './late-requests.ts';
import { MeasuredResponse } from './measured.ts';
import { Portions } from './portions.ts';
import { hasBody } from './request.ts';

/** How long a client may take, in milliseconds. */
interface HttpTimes {
  /** Until the header of a request is complete: for the first one from the end of the handshake. */
  readonly header: number;
  /** Until the whole request has arrived. */
  readonly request: number;
  /**
   * Between two requests. Longer than clients keep idle connections, so that they do not send on one that was just
   * closed.
   */
  readonly keepAlive: number;
  /** While an answer is not given or not sent: how long nothing may move in either direction. */
  readonly stalled: number;
  /** The interval in which the first two are checked. */
  readonly check: number;
}

const defaultTimes: HttpTimes = { header: 20_000, request: 300_000, keepAlive: 65_000, stalled: 300_000, check: 5_000 };

/**
 * The HTTP server of connections that were accepted elsewhere, and are handed to it by the event `connection`. The
 * caller reports each request to `drain` (`countRequests`).
 */
export function createHttp(times: HttpTimes = defaultTimes, drain = new Drain()): Server {
  const http = createServer({
    ServerResponse: closingResponses(drain, (socket) => paused(socket)),
    headersTimeout: times.header,
    requestTimeout: times.request,
    keepAliveTimeout: times.keepAlive,
    connectionsCheckingInterval: times.check,
    requireHostHeader: false,
  });
  http.timeout = times.stalled;
  const { portions } = drain;
  const paused = (socket: Socket) => {
    notePause(socket);
    portions.divide(socket);
  };
  http.on('checkContinue', continueLater);
  const end = (error: Error, socket: Socket) => {
    portions.over(socket);
    if (drain.mayAnswerFault(socket)) answerClientError(error, socket);
    // The answer before may be sent, and its end not be known yet.
    else setImmediate(() => (drain.mayAnswerFault(socket) ? answerClientError(error, socket) : socket.destroy()));
  };
  const late = new LateRequests({ http, graceMs: times.header, end: (socket) => end(lateError, socket) });
  http.on('clientError', (error, socket: Socket) => {
    // Nothing is read while answers back up; `stalled` bounds that.
    if (isLate(error) && wasPaused(socket, times.header)) late.add(socket, drain.unfinished(socket));
    else end(error, socket);
  });
  http.on('connection', (socket) => {
    drain.opened(socket);
    portions.opened(socket);
  });
  // Node checks a server's connections after this event; without it, it ends none that takes too long.
  http.emit('listening');
  return http;
}

/**
 * The same for connections in clear, whose client may end its side (as `nc` does after its input) and still gets the
 * answers to what it has sent. A client that is gone looks the same until it is answered, so the requests of such a server
 * must be short ones. Over TLS the end of a client's side ends the connection.
 */
export function createPlainHttp(drain: Drain): Server {
  const http = createHttp(undefined, drain);
  // Node's server ends a connection whose client has ended, unless it has this undocumented property.
  Object.assign(http, { httpAllowHalfOpen: true });
  http.on('connection', (socket) => {
    socket.allowHalfOpen = true;
  });
  return http;
}

/** Emitted on a request just before its body is waited for. */
export const bodyAwaited = Symbol('a body is waited for');

/**
 * Sends 100 Continue (RFC 9110 section 10.1.1) when the body is waited for, and not before. Node alone sends it at
 * once, even for a request that is then refused.
 */
function continueLater(this: Server, request: IncomingMessage, response: ServerResponse): void {
  request.once(bodyAwaited, () => response.writeContinue());
  this.emit('request', request, response);
}

/** How long a stopping server waits, in milliseconds. */
export interface DrainTimes {
  /**
   * A connection without a request is ended when nothing has arrived on it for so long: its client may be about to send
   * one.
   */
  readonly quiet: number;
  /** The limit of the whole stop: then even unanswered requests are cut off. */
  readonly most: number;
}

const checkMs = 50;

/** Counts the requests in flight on each connection. */
interface Counting {
  begin(socket: Socket, request: IncomingMessage): void;
  end(socket: Socket, response: ServerResponse): void;
}

/** Tells each of `countings` when a request of `http` arrives and when it was answered, or its connection has ended. */
export function countRequests(http: Server, countings: readonly Counting[]): void {
  // One function for all: a closure for each request costs more than the counting.
  function ended(this: ServerResponse): void {
    for (const counting of countings) counting.end(this.req.socket, this);
  }
  http.on('request', (request, response) => {
    for (const counting of countings) counting.begin(request.socket, request);
    response.on('close', ended);
  });
}

/** More requests in flight than this come only from a client that does not wait for answers. */
const crowd = 8;

interface InFlight {
  inFlight: number;
  /** The last of them that has a body. Until its body has arrived, no other request is behind it. */
  withBody: IncomingMessage | undefined;
}

/**
 * Counts the requests in flight on each connection of an HTTP server, so that it can be stopped without losing a
 * request that was sent. Node's own `closeIdleConnections` ends a connection between two requests at once, while its
 * client may be sending the next, and never ends one without a first request.
 *
 * It keeps connections and numbers, but no responses, and a request only if it has a body: V8 promotes requests that
 * are in a collection that outlives them, which tripled the time of garbage collection.
 */
export class Drain implements Counting {
  readonly #connections = new Map<Socket, InFlight>();
  /** Divides what the connections bring when one of them has many requests in flight, or a body in chunks. */
  readonly portions = new Portions({
    connections: () => this.#connections.keys(),
    isChunked: (socket) => this.unfinished(socket)?.headers['transfer-encoding'] !== undefined,
  });
  #draining = false;

  /** Makes answers end their connections, while new ones are still accepted. */
  announce(): void {
    this.#draining = true;
  }

  /** Whether answers end their connections. */
  get draining(): boolean {
    return this.#draining;
  }

  opened(socket: Socket): void {
    this.#connections.set(socket, { inFlight: 0, withBody: undefined });
    socket.once('close', () => this.#connections.delete(socket));
  }

  begin(socket: Socket, request: IncomingMessage): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.inFlight += 1;
    if (hasBody(request)) connection.withBody = request;
    if (connection.inFlight > crowd || request.headers['transfer-encoding'] !== undefined) this.portions.crowded();
  }

  end(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.inFlight -= 1;
    if (connection.inFlight === 0) connection.withBody = undefined;
  }

  /**
   * Whether a client whose bytes are not HTTP may be told so. Not while a complete request has no answer: the client
   * would take this for its answer (RFC 9112 section 9.3.2), although the request may have changed something.
   */
  mayAnswerFault(socket: Socket): boolean {
    const { inFlight, withBody } = this.#connections.get(socket) ?? { inFlight: 0, withBody: undefined };
    return inFlight === 0 || (inFlight === 1 && withBody?.complete === false);
  }

  /** The request whose body has not arrived yet. */
  unfinished(socket: Socket): IncomingMessage | undefined {
    const withBody = this.#connections.get(socket)?.withBody;
    return withBody?.complete === false ? withBody : undefined;
  }

  /**
   * Answers the requests in flight, each with `Connection: close` (RFC 9112 section 9.6), and ends every connection
   * that has none. No new connections may be handed over, except those that are in their `handshakes`. Returns how many
   * connections were left when the time was up; the caller ends them.
   */
  async drain({ quiet, most }: DrainTimes, handshakes: () => number): Promise<number> {
    this.#draining = true;
    const heard = new Map<Socket, { readonly bytes: number; readonly atMs: number }>();
    for (let waitedMs = 0; waitedMs < most; waitedMs += checkMs) {
      // A client in its handshake gets as long as one that has a connection.
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

/** If the rest of a body is at most this long, it is read and discarded, so that its connection can continue. */
const smallBytesMax = 65_536;

/** How much of a longer rest is discarded after the answer, and for how long. */
const discardedBytesMax = 1_048_576;
const discardingMs = 2_000;

/**
 * The class of a server's responses. A response ends its connection if the server is stopping, or if it comes before
 * the request's body has arrived, as a refusal does: otherwise the server would have to read everything that the client
 * still sends. Such a connection ends in stages (RFC 9112 section 9.6): if it were closed at once with unread bytes of
 * the body, it would be reset, and the client might never see the answer.
 */
function closingResponses(drain: Drain, paused: (socket: Socket) => void) {
  return class ClosingResponse extends MeasuredResponse {
    // Node makes the answer of each request right after it may have paused its connection.
    constructor(...made: ConstructorParameters<typeof MeasuredResponse>) {
      super(...made);
      const { socket } = this.req;
      if (socket.isPaused()) paused(socket);
    }

    override writeHead(
      statusCode: number,
      reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
      headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
    ): this {
      if (drain.draining) this.setHeader('connection', 'close');
      if (isOutstanding(this.req)) {
        this.setHeader('connection', 'close');
        closeInStages(this.req);
      }
      return typeof reason === 'string'
        ? super.writeHead(statusCode, reason, headers)
        : super.writeHead(statusCode, reason ?? headers);
    }
  };
}

function isOutstanding({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  if (headers['transfer-encoding'] !== undefined) return true;
  // A client that was not asked for the body may send another request instead.
  const most = headers.expect === undefined ? smallBytesMax : 0;
  return Number(headers['content-length'] ?? 0) > most;
}

/** Makes Node, which ends the connection after the answer by `destroySoon`, end it in stages. */
function closeInStages(request: IncomingMessage): void {
  const { socket } = request;
  // Node discards the rest of a body without a limit, unless something has read from the body.
  request.read(0);
  socket.destroySoon = () => {
    Reflect.deleteProperty(socket, 'destroySoon');
    socket.end();
    discard(request, socket);
  };
}

function discard(request: IncomingMessage, socket: Socket): void {
  let left = discardedBytesMax;
  const timer = setTimeout(() => socket.destroy(), discardingMs);
  socket.once('close', () => clearTimeout(timer));
  request.once('end', () => socket.destroySoon());
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
}

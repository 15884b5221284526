import { Agent, request as startRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { refuse } from '../../http/host.ts';
import { noteSubject } from '../../http/measured.ts';
import { hasBody } from '../../http/request.ts';
import { prefaceLine } from './protocol.ts';
import type { RelayedConnection } from './protocol.ts';

/** The edge in the measure of a request that was handed over: the worker, which answers it, counts it. */
export const relayedEdge = 'handed over';

/** Headers about the connection alone (RFC 9110 section 7.6.1), and the length of a body that is sent on as it comes. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** An idle connection is not kept for long: its client may not send again, and a worker that stops ends idle ones. */
const idleMs = 500;

/** One connection to the worker for one of a client's, with what was proved of that as its first line. */
class RelayAgent extends Agent {
  readonly #path: string;
  readonly #preface: string;

  constructor(path: string, preface: string) {
    super({ keepAlive: true, maxSockets: 1, timeout: idleMs });
    this.#path = path;
    this.#preface = preface;
  }

  override createConnection(): Socket {
    const socket = createConnection(this.#path);
    socket.setNoDelay(true);
    socket.write(this.#preface);
    return socket;
  }
}

interface RelayParts {
  /** The path of the worker's socket. */
  readonly path: string;
  readonly prefaceOf: (client: Socket) => RelayedConnection;
}

/** Hands requests over to the worker, and its answers back to their clients. */
export class Relay {
  readonly #parts: RelayParts;
  readonly #agents = new WeakMap<Socket, RelayAgent>();

  constructor(parts: RelayParts) {
    this.#parts = parts;
  }

  /** Resolves when the request is over; never rejects. Nothing of its body may have been read. */
  relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    noteSubject(response, { edge: relayedEdge, operation: undefined });
    const over = Promise.withResolvers<void>();
    response.once('close', over.resolve);
    if (response.destroyed || request.socket.destroyed) {
      response.destroy();
      return Promise.resolve();
    }
    try {
      sendOn(request, response, this.#start(request));
    } catch {
      // Node's parser of requests takes characters that its writer does not.
      refuse(response, { status: 400, code: 'BadRequest', message: 'The request target or a header is invalid.' });
    }
    return over.promise;
  }

  #start(request: IncomingMessage): ClientRequest {
    const { method = '', url = '' } = request;
    return startRequest({
      agent: this.#agentOf(request.socket),
      method,
      path: url,
      headers: headersToSend(request),
      setHost: false,
    });
  }

  #agentOf(client: Socket): RelayAgent {
    const known = this.#agents.get(client);
    if (known !== undefined) return known;
    const agent = new RelayAgent(this.#parts.path, prefaceLine(this.#parts.prefaceOf(client)));
    this.#agents.set(client, agent);
    // A client that is gone ends what the worker does for it alone.
    client.once('close', () => agent.destroy());
    return agent;
  }
}

/** A client of HTTP/1.0 does not wait to be asked for its body, and must not be (RFC 9110 section 10.1.1). */
function waitsToContinue({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.expect !== undefined && httpVersion !== '1.0';
}

function headersToSend(request: IncomingMessage): readonly string[] {
  const { rawHeaders, headers } = request;
  const all = endToEnd(rawHeaders);
  const sent = waitsToContinue(request) ? all : without(all, 'expect');
  // Only its own framing: two lengths of one body would let two parsers see two requests (RFC 9112 section 6.3).
  if (headers['transfer-encoding'] !== undefined)
    return [...without(sent, 'content-length'), 'transfer-encoding', 'chunked'];
  return sent;
}

function endToEnd(rawHeaders: readonly string[]): string[] {
  const sent: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]];
    if (!ofConnection.has(name.toLowerCase())) sent.push(name, value);
  }
  return sent;
}

function without(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== name);
}

function sendOn(request: IncomingMessage, response: ServerResponse, upstream: ClientRequest): void {
  upstream.on('error', () => {
    // As if the worker had accepted the connection itself, and died: the outcome is not known.
    if (!response.writableFinished) response.destroy();
  });
  upstream.once('response', (answer) => {
    if (!request.complete) leaveBody(answer, request, upstream);
    sendBack(answer, response);
  });
  response.once('close', () => {
    if (!response.writableFinished) upstream.destroy();
  });
  if (!hasBody(request)) upstream.end();
  else if (!waitsToContinue(request)) sendBody(request, upstream);
  else {
    upstream.once('continue', () => {
      response.writeContinue();
      request.pipe(upstream);
    });
    upstream.flushHeaders();
  }
}

/** The worker may refuse a request before its body begins; a body that came with the header is sent in one piece with it. */
function sendBody(request: IncomingMessage, upstream: ClientRequest): void {
  let hasBegun = false;
  request.once('data', () => (hasBegun = true)).pipe(upstream);
  setImmediate(() => {
    if (!hasBegun && !upstream.destroyed) upstream.flushHeaders();
  });
}

/** An answer before the end of the body: the rest is discarded here, and the connection to the worker is not used again. */
function leaveBody(answer: IncomingMessage, request: IncomingMessage, upstream: ClientRequest): void {
  request.unpipe();
  request.resume();
  answer.once('end', () => upstream.destroy());
}

function sendBack(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
  answer.on('error', () => response.destroy());
  answer.pipe(response);
}

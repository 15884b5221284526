import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { errorCode } from './end-tls.ts';
import type { DeclaredPlace, DeclaredPlaces } from './declared-places.ts';
import { waitFor } from './patience.ts';
import type { Refusal } from './refusal.ts';

/** The parts of a request for a connection that decide it (RFC 9110 section 9.3.6). */
export interface ConnectRequest {
  readonly target: string;
  /** The values of its `Proxy-Authorization` headers. */
  readonly authorizations: readonly string[];
  readonly hasBody: boolean;
}

export interface ConnectRules {
  readonly places: Pick<DeclaredPlaces, 'shownBy'>;
  /** Whether a Host header names one of the server's own hosts; 443 is left out, as clients do. */
  readonly isOwnHost: (host: string) => boolean;
}

export type ConnectVerdict =
  | { readonly ok: true; readonly id: string; readonly place: DeclaredPlace }
  | { readonly ok: false; readonly refusal: Refusal };

/** Decides a request for a connection. A stranger is told nothing about hosts, so the credential comes first. */
export function decideConnect(
  { target, authorizations, hasBody }: ConnectRequest,
  { places, isOwnHost }: ConnectRules,
): ConnectVerdict {
  const refused = (refusal: Refusal) => ({ ok: false, refusal }) as const;
  if (!/^(?:\[[\da-f:.]{1,255}\]|[^\s/?#@:[\]]{1,255}):\d{1,5}$/i.test(target))
    return refused({ kind: 'connectMalformed', what: 'target' });
  if (hasBody) return refused({ kind: 'connectMalformed', what: 'body' });
  const [authorization = '', ...more] = authorizations;
  const shown = more.length === 0 ? places.shownBy(authorization) : undefined;
  if (shown === undefined) return refused({ kind: 'credentialRefused' });
  if (!isOwnHost(target.replace(/:443$/, ''))) return refused({ kind: 'foreignHost', host: target });
  return { ok: true, ...shown };
}

interface Answer {
  readonly status: string;
  readonly headers?: string;
  readonly text: string;
}

const askForCredential: Answer = {
  status: '407 Proxy Authentication Required',
  headers: 'Proxy-Authenticate: Basic realm="Postern"\r\n',
  text: 'The credential is not one of a declared subnet. It ends with its program, and with its subnet: start the program again with "postern exec --declared".',
};

/** The refusals that a client is told. For the others its connection ends. */
const answers: Partial<Record<Refusal['kind'], Answer>> = {
  connectMalformed: { status: '400 Bad Request', text: 'This is not a request for a connection: CONNECT host:port.' },
  notConnect: {
    status: '405 Method Not Allowed',
    headers: 'Allow: CONNECT\r\n',
    text: 'Only HTTPS goes through here: CONNECT, to a host of this server.',
  },
  headerTimeout: { status: '408 Request Timeout', text: 'The request for a connection took too long.' },
  credentialRefused: askForCredential,
  subnetGone: askForCredential,
  foreignHost: {
    status: '403 Forbidden',
    text: 'Only the hosts of this server can be reached from a declared subnet.',
  },
  endpointOff: {
    status: '403 Forbidden',
    text: 'The subnet has no service endpoint for Microsoft.KeyVault: give it one.',
  },
};

/** Longer than any credential and host. */
const headerSizeMax = 8 * 1024;

/** Reads requests for connections, each within bounds of size and time, one a connection. */
export class ConnectReader {
  readonly #rules: ConnectRules;
  readonly #timeoutMs: number;
  readonly #http: Server;
  readonly #waiting = new Map<
    Socket,
    { readonly patience: ReturnType<typeof waitFor>; readonly done: (verdict: ConnectVerdict) => void }
  >();

  constructor({ timeoutMs, ...rules }: ConnectRules & { readonly timeoutMs: number }) {
    this.#rules = rules;
    this.#timeoutMs = timeoutMs;
    this.#http = createServer({ maxHeaderSize: headerSizeMax });
    this.#http.on('request', ({ socket }) => this.#refuse(socket, { kind: 'notConnect' }));
    this.#http.on('connect', (request, _, head: Buffer) => this.#connect(request, head));
    this.#http.on('clientError', (error, socket: Socket) => {
      const isGone = ['ECONNRESET', 'EPIPE'].includes(errorCode(error));
      if (isGone) socket.destroy();
      else this.#refuse(socket, { kind: 'connectMalformed', what: errorCode(error) });
    });
  }

  /** Calls `done` once, unless the client goes away before. What follows the request stays in the socket. */
  take(socket: Socket, done: (verdict: ConnectVerdict) => void): void {
    const patience = waitFor(this.#timeoutMs, () => this.#refuse(socket, { kind: 'headerTimeout' }));
    this.#waiting.set(socket, { patience, done });
    socket.once('close', () => this.#settle(socket));
    this.#http.emit('connection', socket);
  }

  #connect(request: IncomingMessage, head: Buffer): void {
    const { socket, headers, headersDistinct, url: target = '' } = request;
    if (head.length > 0) socket.unshift(head);
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    const authorizations = headersDistinct['proxy-authorization'] ?? [];
    this.#settle(socket)?.(decideConnect({ target, authorizations, hasBody }, this.#rules));
  }

  #refuse(socket: Socket, refusal: Refusal): void {
    this.#settle(socket)?.({ ok: false, refusal });
  }

  #settle(socket: Socket): ((verdict: ConnectVerdict) => void) | undefined {
    const waiting = this.#waiting.get(socket);
    waiting?.patience.stop();
    this.#waiting.delete(socket);
    return waiting?.done;
  }
}

/** Tells the client that its connection begins, or why not; then it ends. What ends one that has begun has no answer. */
export function answerConnect(socket: Socket, refusal?: Refusal): void {
  if (refusal === undefined) {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    return;
  }
  const answer = answers[refusal.kind];
  if (answer === undefined) socket.destroy();
  else endWith(socket, answer);
}

function endWith(socket: Socket, { status, headers = '', text }: Answer): void {
  const body = `${text}\n`;
  const about = `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}${about}\r\n${body}`, () => socket.destroySoon());
}

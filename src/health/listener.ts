import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pathOf } from '../http/request.ts';
import { isHealthHost } from './host.ts';
import type { HealthNames } from './host.ts';

/** An answer of the listener. */
export interface HealthAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface HealthListenerParts {
  readonly names: HealthNames;
  /** The answers by path: `/healthz`. */
  readonly answers: Readonly<Record<string, () => HealthAnswer | Promise<HealthAnswer>>>;
  /** Told of an answer that failed. */
  readonly logError: (error: unknown) => void;
  readonly limits?: HealthLimits;
}

export interface HealthLimits {
  readonly connections: number;
  readonly headerBytes: number;
  /** Until a whole request has arrived. */
  readonly requestMs: number;
  /** Between two requests: longer than the interval of a monitoring system, which keeps its connection. */
  readonly idleMs: number;
  /** The interval in which the first is checked. */
  readonly checkMs: number;
}

/** A probe needs one connection, and a monitoring system one for each of its servers. */
const defaultLimits: HealthLimits = {
  connections: 64,
  headerBytes: 8_192,
  requestMs: 5_000,
  idleMs: 65_000,
  checkMs: 1_000,
};

export interface HealthListener {
  close(): void;
}

/**
 * Answers GET and HEAD on a listening socket, by plain HTTP. Nothing here is about a vault, and nothing is changed by it. It
 * does not share the connections, the ingress or the rules of the vaults, so it answers when those refuse every caller.
 */
export async function openHealthListener(handle: object, parts: HealthListenerParts): Promise<HealthListener> {
  const { limits = defaultLimits } = parts;
  const http = createServer({
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.requestMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
  });
  // A client that does not read its answer.
  http.timeout = limits.idleMs;
  keepFew(http, limits.connections, (request, response) => void answer(request, response, parts));
  http.on('clientError', (_, socket) => {
    if (socket.writable) socket.end(badRequest);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(handle, () => {
      http.off('error', reject);
      // The only errors left are failed accepts (no file descriptor left), which concern one connection.
      http.on('error', () => undefined);
      resolve();
    });
  });
  return {
    close() {
      http.close();
      http.closeAllConnections();
    },
  };
}

const badRequest = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/**
 * With one connection more than there may be, ends the one that has waited longest without a request. A connection has one
 * request at a time: thousands in a packet would keep the event loop from the vaults for seconds, and no probe sends them so.
 */
function keepFew(http: Server, most: number, serve: RequestListener): void {
  const open = new Set<Socket>();
  const waiting = new Set<Socket>();
  http.on('connection', (socket) => {
    open.add(socket);
    waiting.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
    if (open.size <= most) return;
    const [leaving = socket] = waiting;
    leaving.destroy();
  });
  http.on('request', (request, response) => {
    const { socket } = request;
    if (!waiting.delete(socket)) {
      socket.destroy();
      return;
    }
    response.once('close', () => {
      if (open.has(socket)) waiting.add(socket);
    });
    serve(request, response);
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { names, answers, logError }: HealthListenerParts,
): Promise<void> {
  const refused = refusalOf(request, { names, paths: Object.keys(answers) });
  if (refused !== undefined) {
    send(request, response, refused);
    return;
  }
  try {
    const made = await answers[pathOf(request.url ?? '')]?.();
    send(request, response, made ?? failed);
  } catch (error) {
    logError(error);
    send(request, response, failed);
  }
}

const failed = refusal(500, 'This cannot be said at the moment; the server has logged why.');

function refusalOf(
  { method, url = '', headers }: IncomingMessage,
  { names, paths }: { readonly names: HealthNames; readonly paths: readonly string[] },
): HealthAnswer | undefined {
  if (!isHealthHost(headers.host, names)) {
    const named = (headers.host ?? '').slice(0, 255);
    return refusal(421, `This listener does not answer for the host '${named}': add its name to health.hosts.`);
  }
  if (!paths.includes(pathOf(url))) return refusal(404, `There is nothing here. Ask for ${paths.join(', ')}.`);
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'This is read: use GET or HEAD.');
  return undefined;
}

function refusal(status: number, message: string): HealthAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${message}\n` };
}

function send({ headers, method }: IncomingMessage, response: ServerResponse, { status, type, body }: HealthAnswer) {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    // No path takes a body, so nothing waits for one.
    ...((headers['content-length'] ?? headers['transfer-encoding']) !== undefined && { connection: 'close' }),
  });
  response.end(method === 'HEAD' ? undefined : body);
}

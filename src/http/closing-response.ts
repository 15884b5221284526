import { ServerResponse } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Drain } from './drain.ts';

/** The rest of a body that is no longer than this is thrown away, so that its connection can go on. */
const smallBytesMax = 65_536;

/** How much of a longer one is thrown away after the answer, and for how long. */
const discardedBytesMax = 1_048_576;
const discardingMs = 2_000;

/**
 * The class of a server's answers. One that is given while the server stops ends its connection, and so does one that is
 * given before the request's body has come, as a refusal is: otherwise the server would have to read whatever the client
 * goes on to send. That one ends in stages (RFC 9112 section 9.6): closed at once, with bytes of the body unread, the
 * connection would be reset, and the client might never see the answer.
 */
export function closingResponses(drain: Drain) {
  return class ClosingResponse extends ServerResponse {
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
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBytesMax;
}

/** Has Node, which ends the connection after the answer by `destroySoon`, end it in stages instead. */
function closeInStages(request: IncomingMessage): void {
  const { socket } = request;
  // Node discards the rest of a body without any bound, unless the body has been read from.
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

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { answerClientError } from './client-error.ts';
import { closingResponses } from './closing-response.ts';
import { Drain } from './drain.ts';

/** How long a client may take, in milliseconds. */
export interface HttpTimes {
  /** Until the header of a request is there: the first one's from the end of the handshake. */
  readonly header: number;
  /** Until all of it is there. */
  readonly request: number;
  /** Between two requests. Longer than clients keep idle connections, so that theirs is not the one that finds it closed. */
  readonly keepAlive: number;
  /** From one look at the first two to the next. */
  readonly check: number;
}

const defaultTimes: HttpTimes = { header: 20_000, request: 300_000, keepAlive: 65_000, check: 5_000 };

/**
 * The HTTP server of connections that others accept, and hand to it as the event `connection`. Whoever follows its requests
 * tells `drain` of each.
 */
export function createHttp(times: HttpTimes = defaultTimes, drain = new Drain()): Server {
  const http = createServer({
    ServerResponse: closingResponses(drain),
    headersTimeout: times.header,
    requestTimeout: times.request,
    keepAliveTimeout: times.keepAlive,
    connectionsCheckingInterval: times.check,
    requireHostHeader: false,
  });
  http.on('clientError', answerClientError);
  http.on('connection', (socket) => drain.opened(socket));
  // Node counts a server's connections from this event on, without which it ends none that takes too long.
  http.emit('listening');
  return http;
}

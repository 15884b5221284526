import type { IncomingMessage, Server } from 'node:http';
import type { Logger } from 'pino';

interface RequestLinesParts {
  readonly log: Logger;
  /** Milliseconds. */
  readonly now: () => number;
}

const hostMax = 255;
const pathMax = 1_000;

/** Writes a line for each request that was answered or cut off, if the log's level is `debug`. */
export function logRequests(http: Server, { log, now }: RequestLinesParts): void {
  if (!log.isLevelEnabled('debug')) return;
  http.on('request', (request, response) => {
    const begunMs = now();
    response.on('close', () => {
      const { statusCode, writableFinished } = response;
      log.debug(
        { ...requestLine(request), status: statusCode, ms: now() - begunMs, cut: !writableFinished },
        'request',
      );
    });
  });
}

/** The parts of a request that a line shows: not its query, where a sign-in's codes and tokens are, and no header but the host. */
export function requestLine({ method, headers, url = '' }: Pick<IncomingMessage, 'method' | 'headers' | 'url'>) {
  const [path = ''] = url.split('?', 1);
  return { method, host: headers.host?.slice(0, hostMax), path: path.slice(0, pathMax) };
}

import { maxHeaderSize } from 'node:http';
import type { Duplex } from 'node:stream';

interface Wire {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

const lingerMs = 1_000;

const requestTimeout = 'ERR_HTTP_REQUEST_TIMEOUT';

/** The error of Node for a request that takes too long. */
export const lateError = Object.assign(new Error('Request timeout'), { code: requestTimeout });

export function isLate(error: Error): boolean {
  return codeOf(error) === requestTimeout;
}

/** The errors of Node's parser, by code; anything else is not HTTP. */
const refusals: Readonly<Record<string, Wire>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'RequestHeaderFieldsTooLarge',
    message: `The header of the request is larger than the ${maxHeaderSize} bytes that are allowed.`,
  },
  [requestTimeout]: {
    status: '408 Request Timeout',
    code: 'RequestTimeout',
    message: 'The request did not arrive in time.',
  },
};

const malformed: Wire = {
  status: '400 Bad Request',
  code: 'BadRequest',
  message: 'The request is not well-formed HTTP/1.1.',
};

/** Answers a request that reaches no edge, in Azure's envelope, and ends its connection. */
export function answerClientError(error: Error, socket: Duplex): void {
  if (!socket.writable || codeOf(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, code, message } = refusals[codeOf(error)] ?? malformed;
  const body = JSON.stringify({ error: { code, message } });
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end([...head, '', body].join('\r\n'));
  // The connection ends even if the client does not close it. If it were destroyed at once, the answer might not
  // arrive.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

import { maxHeaderSize } from 'node:http';
import type { Duplex } from 'node:stream';

interface Wire {
  readonly status: string;
  readonly code: string;
  readonly message: string;
}

const lingerMs = 1_000;

/** What Node's parser gives up on, by its code; whatever is not here is no HTTP. */
const refusals: Readonly<Record<string, Wire>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'RequestHeaderFieldsTooLarge',
    message: `The header of the request is larger than the ${maxHeaderSize} bytes that are allowed.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
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

/** Answers, in Azure's envelope, a request that no edge gets to see, and ends its connection. */
export function answerClientError(error: Error, socket: Duplex): void {
  if (!socket.writable || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy();
    return;
  }
  const { status, code, message } = ('code' in error ? refusals[String(error.code)] : undefined) ?? malformed;
  const body = JSON.stringify({ error: { code, message } });
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end([...head, '', body].join('\r\n'));
  // It is over, whether the client goes or not; destroyed at once, the answer might not reach it.
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

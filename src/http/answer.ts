import type { ServerResponse } from 'node:http';

/** An edge's answer before it becomes bytes. The body is JSON; `undefined` sends none. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 9110 section 15.6.4. Without it clients try again at once; the fault may be over in some seconds. */
const later = { 'retry-after': '5' };
const noHeaders = {};

/** The headers that an answer is sent with. */
export function headersOf({ status, headers = noHeaders }: Answer): Readonly<Record<string, string>> {
  return status === 503 ? { ...later, ...headers } : headers;
}

const json = 'application/json; charset=utf-8';

/**
 * Sends an answer with these headers before its own (name, value, name, value). Its body is JSON, or a string of
 * another media type.
 */
export function send(response: ServerResponse, answer: Answer, headers: string[], mediaType = json): void {
  const { status, body } = answer;
  if (answer.headers !== undefined || status === 503) {
    for (const [name, value] of Object.entries(headersOf(answer))) headers.push(name, value);
  }
  if (body === undefined) {
    // RFC 9110 section 8.6: a 204 does not have one.
    if (status !== 204) headers.push('content-length', '0');
    response.writeHead(status, headers).end();
    return;
  }
  const text = typeof body === 'string' && !mediaType.includes('json') ? body : JSON.stringify(body);
  headers.push('content-type', mediaType, 'content-length', String(Buffer.byteLength(text)));
  response.writeHead(status, headers).end(text);
}

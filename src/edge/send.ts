import type { ServerResponse } from 'node:http';
import { headersOf } from '../http/answer.ts';
import type { Answer } from '../http/answer.ts';

const json = 'application/json; charset=utf-8';

/**
 * Sends an answer with these headers before its own (name, value, name, value). Its body is JSON, or a string of another
 * media type.
 */
export function send(response: ServerResponse, answer: Answer, headers: string[], mediaType = json): void {
  const { status, body } = answer;
  if (answer.headers !== undefined || status === 503) {
    for (const [name, value] of Object.entries(headersOf(answer))) headers.push(name, value);
  }
  if (body === undefined) {
    // RFC 9110 section 8.6: a 204 has none.
    if (status !== 204) headers.push('content-length', '0');
    response.writeHead(status, headers).end();
    return;
  }
  const text = typeof body === 'string' && !mediaType.includes('json') ? body : JSON.stringify(body);
  headers.push('content-type', mediaType, 'content-length', String(Buffer.byteLength(text)));
  response.writeHead(status, headers).end(text);
}

import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer of the site: made at the start, and the same for every client. */
export interface Reply {
  readonly status: number;
  readonly body: Buffer;
  /** The headers besides those of every reply: name, value, name, value. */
  readonly headers: readonly string[];
}

/** Headers of every reply. Nothing here may be framed, sniffed, or tell another site where the reader came from. */
const always = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
].flat();

/** A reply that a browser asks for again each time, and gets only if it has changed. */
export function freshReply(
  type: string,
  text: string | Buffer,
  { status = 200, headers = [] }: Partial<Pick<Reply, 'status' | 'headers'>> = {},
): Reply {
  const body = Buffer.from(text);
  return { status, body, headers: ['content-type', type, 'cache-control', 'no-cache', ...headers] };
}

/** Sends a reply, without its body to a HEAD request. */
export function sendReply({ method }: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { status, body, headers } = reply;
  response.writeHead(status, [...always, ...headers, 'content-length', String(body.length)]);
  response.end(method === 'HEAD' ? undefined : body);
}

import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { acceptsGzip } from '../http/negotiate.ts';

/** An answer of the site: made at the start, and the same for every client. */
export interface Reply {
  readonly status: number;
  readonly body: Buffer;
  /** The same body compressed. */
  readonly gzip: Buffer | undefined;
  /** Of the body as it is; without quotes. */
  readonly etag: string;
  /** The headers besides those of every reply: name, value, name, value. */
  readonly headers: readonly string[];
}

/** Headers of every reply: it may not be framed or sniffed, and no other site learns where its reader came from. */
const always = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
].flat();

interface ReplyOptions {
  readonly status?: number;
  readonly gzip?: Buffer | undefined;
  readonly headers?: readonly string[];
}

/** A reply that a browser asks for again each time, and gets only if it has changed. */
export function freshReply(type: string, text: string | Buffer, options: ReplyOptions = {}): Reply {
  return replyOf(type, text, { ...options, headers: ['cache-control', 'no-cache', ...(options.headers ?? [])] });
}

/** A reply under a name that has a hash of its contents: it never changes (RFC 8246). */
export function lastingReply(type: string, text: string | Buffer, options: ReplyOptions = {}): Reply {
  const cached = ['cache-control', 'public, max-age=31536000, immutable'];
  return replyOf(type, text, { ...options, headers: [...cached, ...(options.headers ?? [])] });
}

function replyOf(type: string, text: string | Buffer, { status = 200, gzip, headers = [] }: ReplyOptions): Reply {
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  const vary = gzip === undefined ? [] : ['vary', 'accept-encoding'];
  const etag = hash('sha256', body, 'base64url');
  return { status, body, gzip, etag, headers: ['content-type', type, ...headers, ...vary] };
}

/** Sends a reply; to a HEAD request without its body, and only its headers to a client that has it already. */
export function sendReply({ method, headers: asked }: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const { status, gzip } = reply;
  const encoded = gzip !== undefined && acceptsGzip(asked['accept-encoding']) ? gzip : undefined;
  // Two encodings are two representations, and have two strong ETags (RFC 9110 section 8.8.3.3).
  const etag = `"${reply.etag}${encoded === undefined ? '' : '-gzip'}"`;
  const headers = [...always, ...reply.headers, 'etag', etag];
  if (status === 200 && hasAlready(asked['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const body = encoded ?? reply.body;
  if (encoded !== undefined) headers.push('content-encoding', 'gzip');
  response.writeHead(status, [...headers, 'content-length', String(body.length)]);
  response.end(method === 'HEAD' ? undefined : body);
}

/** RFC 9110 section 13.1.2: compared weakly. */
function hasAlready(condition: string | undefined, etag: string): boolean {
  return condition?.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag) ?? false;
}

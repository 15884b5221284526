import type { IncomingMessage } from 'node:http';

export type BodyFault = 'tooLarge' | 'notWellFormed' | 'cutOff';

/** A body as it came; `undefined` for none. Or why it was not read. */
export type Body =
  { readonly ok: true; readonly bytes: Buffer | undefined } | { readonly ok: false; readonly fault: BodyFault };

/** RFC 9110 section 8.3.1, as far as to tell a media type from what is none. */
const mediaType = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(?:;|$)/;

/** Reads a request's body of at most `limit` bytes; of what says that it is larger, nothing. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Body> {
  const { 'content-type': type, 'content-length': length } = request.headers;
  if (length === undefined && request.headers['transfer-encoding'] === undefined) return { ok: true, bytes: undefined };
  if (Number(length ?? 0) > limit) return { ok: false, fault: 'tooLarge' };
  if (type !== undefined && !mediaType.test(type)) return { ok: false, fault: 'notWellFormed' };
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('an encoding was set on the request');
      size += chunk.length;
      if (size > limit) return { ok: false, fault: 'tooLarge' };
      chunks.push(chunk);
    }
  } catch (error) {
    // The client went away.
    if (request.destroyed) return { ok: false, fault: 'cutOff' };
    throw error;
  }
  return { ok: true, bytes: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size) };
}

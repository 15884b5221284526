import type { IncomingHttpHeaders } from 'node:http';

/** The path of a request's target, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** The bearer token (RFC 6750 section 2.1; the scheme in any case), `undefined` when there is none. */
export function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined || !/^bearer ./i.test(authorization)) return undefined;
  return authorization.slice('bearer '.length).trim();
}

/** What is no UTF-8 is refused, not mended: a secret would be another one (RFC 8259 section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON of a raw body: `undefined` for none. */
export function parseJsonBody(body: unknown): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  if (!Buffer.isBuffer(body) || body.length === 0) return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(utf8.decode(body)) };
  } catch {
    return { ok: false };
  }
}

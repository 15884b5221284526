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

/** The JSON of a raw body: `undefined` for none, `notJson` for what is no JSON. */
export function parseJsonBody(body: unknown): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  if (!Buffer.isBuffer(body) || body.length === 0) return { ok: true, value: undefined };
  try {
    return { ok: true, value: JSON.parse(body.toString()) };
  } catch {
    return { ok: false };
  }
}

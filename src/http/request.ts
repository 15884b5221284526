import type { IncomingHttpHeaders } from 'node:http';
import { bodyBounds, parseBoundedJson } from '../json/bounded-json.ts';
import type { BoundedJson, JsonBounds } from '../json/bounded-json.ts';

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
export function parseJsonBody(body: unknown, bounds: JsonBounds = bodyBounds): BoundedJson {
  if (!Buffer.isBuffer(body) || body.length === 0) return { ok: true, value: undefined };
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { ok: false, fault: { kind: 'notJson' } };
  }
  return parseBoundedJson(text, bounds);
}

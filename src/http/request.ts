import type { IncomingHttpHeaders } from 'node:http';
import { bodyBounds, parseBoundedJson, smallBounds } from '../json/bounded-json.ts';
import type { BoundedJson, JsonBounds } from '../json/bounded-json.ts';

/**
 * A request's target (RFC 9112 section 3.2). A target that two parsers could take for two different resources is
 * refused here, so that the same resource is authorized, changed and recorded.
 */

/** Printable ASCII: RFC 3986's `pchar` in the path; anything except a fragment's `#` in the query. */
const originForm = /^\/[\w\-.~!$&'()*+,;=:@%/]*(?:\?[\x21\x22\x24-\x7e]*)?$/;

/** The rules that only a path with a percent sign or a full stop can break, with their descriptions. */
const rules: readonly { readonly broken: RegExp; readonly rule: string }[] = [
  {
    broken: /%(?:2f|5c|[01][0-9a-f]|7f)/i,
    rule: 'its path must not contain an encoded slash, backslash or control character',
  },
  {
    broken: /\/(?:\.|%2e){1,2}(?:\/|$)/i,
    rule: "its path must not contain the segments '.' or '..'",
  },
  {
    // U+0130, U+017F and U+212A. Routes are compared in lower case, where these are i, s and k.
    broken: /%c4%b0|%c5%bf|%e2%84%aa/i,
    rule: 'its path must not contain the letters U+0130, U+017F or U+212A, whose other case is an ASCII letter',
  },
];

/** Whether a body follows the header, perhaps of no bytes (RFC 9112 section 6). */
export function hasBody({ headers }: { readonly headers: IncomingHttpHeaders }): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

/** The rule that a target in origin form breaks; `undefined` if there is only one way to read it. */
export function targetFault(target: string): string | undefined {
  if (!originForm.test(target)) {
    if (target.includes('#')) return "it must not have a fragment ('#')";
    return 'it may contain only the characters that RFC 3986 allows; percent-encode all others';
  }
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  if (!path.includes('%') && !path.includes('/.')) return undefined;
  return rules.find(({ broken }) => broken.test(path))?.rule;
}

/**
 * The segments of a target's path, each decoded once; double and final slashes are ignored. `undefined` if a segment
 * cannot be decoded. If `targetFault` accepted the target, no segment contains a slash.
 */
export function targetSegments(target: string): readonly string[] | undefined {
  const query = target.indexOf('?');
  const path = query === -1 ? target : target.slice(0, query);
  const segments = path.split('/').filter((segment) => segment !== '');
  if (!path.includes('%')) return segments;
  try {
    return segments.map((segment) => decodeURIComponent(segment));
  } catch {
    return undefined;
  }
}

/** The URL form of a path of decoded segments. */
export function encodePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** The path of a request's target, without its query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

/** The bearer token (RFC 6750 section 2.1; the scheme in any case), or `undefined`. */
export function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined || !/^bearer ./i.test(authorization)) return undefined;
  return authorization.slice('bearer '.length).trim();
}

/** Invalid UTF-8 is refused, not repaired: a secret would change (RFC 8259 section 8.1). */
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses the JSON of a raw body; `undefined` if there is no body. */
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

/** A path or query parameter of a request, as the router parsed it: a parameter that is given twice is a list. */
export function memberOf(parameters: unknown, name: string): unknown {
  return isObject(parameters) ? parameters[name] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/**
 * The opaque `$skiptoken` of a list: the key after which the next page begins. A key and not an offset, so that a page
 * after a change neither repeats nor skips what did not change.
 */
export function skipToken(after: string): string {
  return Buffer.from(JSON.stringify({ NextMarker: after, TargetLocation: 0 })).toString('base64url');
}

/** The key in a token that `skipToken` made; `undefined` for anything else, including what cannot be a key. */
export function readSkipToken(token: string): string | undefined {
  const parsed = parseBoundedJson(Buffer.from(token, 'base64url').toString(), smallBounds);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || !('NextMarker' in parsed.value)) {
    return undefined;
  }
  const { NextMarker: after } = parsed.value;
  return typeof after === 'string' && /^[\x21-\x7e]{1,900}$/.test(after) ? after : undefined;
}

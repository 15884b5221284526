import { countJson, smallBounds } from '../json/bounded-json.ts';

/** Whether the header and claims of a JWT are within the bounds of JSON. Check this before anything parses them. */
export function isBoundedToken(token: string): boolean {
  const [header = '', claims = ''] = token.split('.', 2);
  return [header, claims].every((part) => countJson(Buffer.from(part, 'base64url').toString(), smallBounds).ok);
}

/** The last second of the year 9999: later times have no form in RFC 3339 or in our messages. */
const lastSecond = 253_402_300_799;

/** A time in a token (RFC 7519 section 2, NumericDate), in seconds; `undefined` for a value that is not a time up to the year 9999. */
export function readNumericDate(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= lastSecond ? value : undefined;
}

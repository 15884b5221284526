import { countJson, smallBounds } from '../json/bounded-json.ts';

/** Whether the header and the claims of a JWT keep within bounds as JSON: to be asked before anything parses them. */
export function isBoundedToken(token: string): boolean {
  const [header = '', claims = ''] = token.split('.', 2);
  return [header, claims].every((part) => countJson(Buffer.from(part, 'base64url').toString(), smallBounds).ok);
}

/** The last second of the year 9999, beyond which RFC 3339 and the dates of our messages have no form. */
const lastSecond = 253_402_300_799;

/** A time of a token (RFC 7519 section 2, NumericDate) that a date can show; `undefined` for anything else. */
export function readNumericDate(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= lastSecond ? value : undefined;
}

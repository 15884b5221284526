import { parseBoundedJson, smallBounds } from '../json/bounded-json.ts';

/**
 * The opaque `$skiptoken` of a list: the key after which the next page begins. Keys, not offsets, so that a page that
 * follows a change neither repeats nor skips what did not change.
 */
export function skipToken(after: string): string {
  return Buffer.from(JSON.stringify({ NextMarker: after, TargetLocation: 0 })).toString('base64url');
}

/** The key, or its end, of a token that `skipToken` made; `undefined` for anything else, also for what can be no key. */
export function readSkipToken(token: string): string | undefined {
  const parsed = parseBoundedJson(Buffer.from(token, 'base64url').toString(), smallBounds);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || !('NextMarker' in parsed.value)) {
    return undefined;
  }
  const { NextMarker: after } = parsed.value;
  return typeof after === 'string' && /^[\x21-\x7e]{1,900}$/.test(after) ? after : undefined;
}

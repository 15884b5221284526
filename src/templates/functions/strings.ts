import { charactersPerStep, costOfString, pay, spend } from '../budget.ts';
import { guid, uniqueString } from '../names.ts';
import { isArray } from '../value.ts';
import type { Value } from '../value.ts';
import { formatScalar } from './arrays.ts';
import { array, integer, mismatch, string, allStrings } from './function.ts';
import type { CallContext, Functions } from './function.ts';
import { parseJson } from './objects.ts';

/** The longest result of `padLeft`, far below Azure's limit for a parameter. */
const paddedMax = 10_000;

function asString(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return formatScalar(value);
  return value === null ? '' : JSON.stringify(value);
}

/** Converts a value to a string, and pays for it first. */
function paidString(value: Value, { frame }: CallContext): string {
  pay(frame.budget, value);
  return asString(value);
}

/** `{0}`, `{1,-5}` and `{2:D3}` of .NET's composite formatting, for whole numbers and strings. */
function format(given: readonly Value[], call: CallContext): string {
  const pattern = string(given, 0, call);
  return pattern.replaceAll(
    /\{\{|\}\}|\{(\d{1,4})(?:,(-?\d{1,4}))?(?::([^{}]*))?\}|[{}]/g,
    (found, index, width, how) => {
      spend(call.frame.budget, 4);
      if (found === '{{' || found === '}}') return found.slice(1);
      const value = index === undefined ? undefined : given[Number(index) + 1];
      if (value === undefined) return mismatch(call, `'${found}' in the format refers to a missing parameter`);
      const shown = formatted(value, String(how ?? ''), call);
      const space = Math.abs(Number(width ?? 0));
      spend(call.frame.budget, space / charactersPerStep);
      return Number(width ?? 0) < 0 ? shown.padEnd(space) : shown.padStart(space);
    },
  );
}

function formatted(value: Value, how: string, call: CallContext): string {
  if (how === '') return paidString(value, call);
  const digits = /^[Dd](\d{0,2})$/.exec(how)?.[1];
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (digits !== undefined) return `${value < 0 ? '-' : ''}${String(Math.abs(value)).padStart(Number(digits), '0')}`;
    const hex = /^([Xx])(\d{0,2})$/.exec(how);
    const hexDigits = value.toString(16).padStart(Number(hex?.[2] ?? 0), '0');
    if (hex !== null && value >= 0) return hex[1] === 'X' ? hexDigits.toUpperCase() : hexDigits;
    if (/^0+$/.test(how)) return String(value).padStart(how.length, '0');
  }
  return mismatch(call, `the format ':${how}' is not supported; use D or X with a number of digits`);
}

function replaced(given: readonly Value[], call: CallContext): string {
  const [of, old, now] = [string(given, 0, call), string(given, 1, call), string(given, 2, call)];
  if (old === '') return mismatch(call, 'the string to be replaced must not be empty');
  const parts: string[] = [];
  let from = 0;
  for (let at = of.indexOf(old); at !== -1; at = of.indexOf(old, from)) {
    spend(call.frame.budget, 2 * costOfString(now));
    parts.push(of.slice(from, at), now);
    from = at + old.length;
  }
  return [...parts, of.slice(from)].join('');
}

function substring(given: readonly Value[], call: CallContext): string {
  const of = string(given, 0, call);
  const start = given.length > 1 ? integer(given, 1, call) : 0;
  const count = given.length > 2 ? integer(given, 2, call) : of.length - start;
  if (start < 0 || count < 0 || start + count > of.length) {
    mismatch(call, `start and length must be within the string: ${start}, ${count} of ${of.length} characters`);
  }
  return of.slice(start, start + count);
}

function padLeft(given: readonly Value[], call: CallContext): string {
  const [of = null] = given;
  const [width, fill] = [integer(given, 1, call), given.length > 2 ? string(given, 2, call) : ' '];
  if (fill.length !== 1) mismatch(call, 'the padding must be one character');
  if (width < 0 || width > paddedMax) mismatch(call, `the width must be a number from 0 to ${paddedMax}`);
  return (typeof of === 'number' ? String(of) : string(given, 0, call)).padStart(width, fill);
}

function split(given: readonly Value[], call: CallContext): readonly string[] {
  const [of, by = null] = [string(given, 0, call), given[1]];
  const signs = isArray(by) ? allStrings(by, call) : [string(given, 1, call)];
  const parts = signs.reduce((all, sign) => all.flatMap((part) => (sign === '' ? [part] : part.split(sign))), [of]);
  return parts;
}

function joined(given: readonly Value[], call: CallContext): string {
  const [items, by] = [array(given, 0, call), string(given, 1, call)];
  spend(call.frame.budget, items.length * costOfString(by));
  return items.map(asString).join(by);
}

function encodeBase64(given: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(given)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function decodeBase64(given: string, call: CallContext): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(given), (sign) => sign.charCodeAt(0)));
  } catch {
    return mismatch(call, 'the string is not valid base64');
  }
}

function decodeUri(given: string, call: CallContext): string {
  try {
    return decodeURIComponent(given);
  } catch {
    return mismatch(call, 'the string is not URI-encoded');
  }
}

/** Also encodes the characters that RFC 3986 reserves, as .NET's `EscapeDataString` does. */
function encodeUri(given: string): string {
  return encodeURIComponent(given).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function resolveUri(given: readonly Value[], call: CallContext): string {
  try {
    return new URL(string(given, 1, call), string(given, 0, call)).href;
  } catch {
    return mismatch(call, 'the first string must be an absolute URI');
  }
}

function dataUriToString(given: string, call: CallContext): string {
  const parts = /^data:[^,]*?(;base64)?,(.*)$/is.exec(given);
  if (parts === null) return mismatch(call, 'the string is not a data URI');
  return parts[1] === undefined ? decodeUri(parts[2] ?? '', call) : decodeBase64(parts[2] ?? '', call);
}

const plain = (work: (given: string, call: CallContext) => Value) => ({
  arity: [1, 1] as const,
  run: (given: readonly Value[], call: CallContext) => work(string(given, 0, call), call),
});

const stringTest = (test: (of: string, part: string) => boolean) => ({
  arity: [2, 2] as const,
  run: (given: readonly Value[], call: CallContext) =>
    test(string(given, 0, call).toLowerCase(), string(given, 1, call).toLowerCase()),
});

export const strings: Functions = {
  string: { arity: [1, 1], run: ([value = null]) => asString(value) },
  format: { arity: [1, Infinity], run: format },
  toLower: plain((of) => of.toLowerCase()),
  toUpper: plain((of) => of.toUpperCase()),
  trim: plain((of) => of.trim()),
  startsWith: stringTest((of, part) => of.startsWith(part)),
  endsWith: stringTest((of, part) => of.endsWith(part)),
  replace: { arity: [3, 3], run: replaced },
  substring: { arity: [1, 3], run: substring },
  padLeft: { arity: [2, 3], run: padLeft },
  split: { arity: [2, 2], run: split },
  join: {
    arity: [2, 2],
    run: joined,
  },
  base64: plain((of) => encodeBase64(of)),
  base64ToString: plain(decodeBase64),
  base64ToJson: plain((of, call) => parseJson(decodeBase64(of, call), call)),
  uri: { arity: [2, 2], run: resolveUri },
  uriComponent: plain((of) => encodeUri(of)),
  uriComponentToString: plain(decodeUri),
  dataUri: plain((of) => `data:text/plain;charset=utf8;base64,${encodeBase64(of)}`),
  dataUriToString: plain(dataUriToString),
  uniqueString: { arity: [1, Infinity], run: (given, call) => uniqueString(allStrings(given, call)) },
  guid: { arity: [1, Infinity], run: (given, call) => guid(allStrings(given, call), call.frame.scope.sha1) },
};

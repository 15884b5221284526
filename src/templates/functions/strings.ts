import { charactersAStep, costOfText, pay, spend } from '../budget.ts';
import { guid, uniqueString } from '../names.ts';
import { isArray } from '../value.ts';
import type { Value } from '../value.ts';
import { written } from './arrays.ts';
import { array, integer, mismatch, text, texts } from './function.ts';
import type { Called, Functions } from './function.ts';
import { parseJson } from './objects.ts';

/** "padLeft": the longest text that it makes, Azure's limit of a parameter being far above. */
const paddedMax = 10_000;

function toText(value: Value): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return written(value);
  return value === null ? '' : JSON.stringify(value);
}

/** A value as text, paid for before it is written out. */
function paidText(value: Value, { frame }: Called): string {
  pay(frame.budget, value);
  return toText(value);
}

/** `{0}`, `{1,-5}` and `{2:D3}` of .NET's composite formatting, as far as whole numbers and texts have it. */
function format(given: readonly Value[], call: Called): string {
  const pattern = text(given, 0, call);
  return pattern.replaceAll(
    /\{\{|\}\}|\{(\d{1,4})(?:,(-?\d{1,4}))?(?::([^{}]*))?\}|[{}]/g,
    (found, index, width, how) => {
      spend(call.frame.budget, 4);
      if (found === '{{' || found === '}}') return found.slice(1);
      const value = index === undefined ? undefined : given[Number(index) + 1];
      if (value === undefined) return mismatch(call, `'${found}' of the format names no parameter`);
      const shown = formatted(value, String(how ?? ''), call);
      const space = Math.abs(Number(width ?? 0));
      spend(call.frame.budget, space / charactersAStep);
      return Number(width ?? 0) < 0 ? shown.padEnd(space) : shown.padStart(space);
    },
  );
}

function formatted(value: Value, how: string, call: Called): string {
  if (how === '') return paidText(value, call);
  const digits = /^[Dd](\d{0,2})$/.exec(how)?.[1];
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (digits !== undefined) return `${value < 0 ? '-' : ''}${String(Math.abs(value)).padStart(Number(digits), '0')}`;
    const hex = /^([Xx])(\d{0,2})$/.exec(how);
    const hexDigits = value.toString(16).padStart(Number(hex?.[2] ?? 0), '0');
    if (hex !== null && value >= 0) return hex[1] === 'X' ? hexDigits.toUpperCase() : hexDigits;
    if (/^0+$/.test(how)) return String(value).padStart(how.length, '0');
  }
  return mismatch(call, `the format ':${how}' is not supported; D and X with a number of digits are`);
}

function replaced(given: readonly Value[], call: Called): string {
  const [of, old, now] = [text(given, 0, call), text(given, 1, call), text(given, 2, call)];
  if (old === '') return mismatch(call, 'the text to be replaced must not be empty');
  const parts: string[] = [];
  let from = 0;
  for (let at = of.indexOf(old); at !== -1; at = of.indexOf(old, from)) {
    spend(call.frame.budget, 2 * costOfText(now));
    parts.push(of.slice(from, at), now);
    from = at + old.length;
  }
  return [...parts, of.slice(from)].join('');
}

function substring(given: readonly Value[], call: Called): string {
  const of = text(given, 0, call);
  const start = given.length > 1 ? integer(given, 1, call) : 0;
  const count = given.length > 2 ? integer(given, 2, call) : of.length - start;
  if (start < 0 || count < 0 || start + count > of.length) {
    mismatch(call, `start and length must refer to a place in the text: ${start}, ${count} of ${of.length} characters`);
  }
  return of.slice(start, start + count);
}

function padLeft(given: readonly Value[], call: Called): string {
  const [of = null] = given;
  const [width, fill] = [integer(given, 1, call), given.length > 2 ? text(given, 2, call) : ' '];
  if (fill.length !== 1) mismatch(call, 'one character to pad with is needed');
  if (width < 0 || width > paddedMax) mismatch(call, `the width must be a number from 0 to ${paddedMax}`);
  return (typeof of === 'number' ? String(of) : text(given, 0, call)).padStart(width, fill);
}

function split(given: readonly Value[], call: Called): readonly string[] {
  const [of, by = null] = [text(given, 0, call), given[1]];
  const signs = isArray(by) ? texts(by, call) : [text(given, 1, call)];
  const parts = signs.reduce((all, sign) => all.flatMap((part) => (sign === '' ? [part] : part.split(sign))), [of]);
  return parts;
}

function joined(given: readonly Value[], call: Called): string {
  const [items, by] = [array(given, 0, call), text(given, 1, call)];
  spend(call.frame.budget, items.length * costOfText(by));
  return items.map(toText).join(by);
}

function encodeBase64(given: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(given)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function decodeBase64(given: string, call: Called): string {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(given), (sign) => sign.charCodeAt(0)));
  } catch {
    return mismatch(call, 'the text is not valid base64');
  }
}

function decodeUri(given: string, call: Called): string {
  try {
    return decodeURIComponent(given);
  } catch {
    return mismatch(call, 'the text is not URI-encoded');
  }
}

/** Only where it may stand: RFC 3986 reserves these signs, and .NET's `EscapeDataString` encodes them. */
function encodeUri(given: string): string {
  return encodeURIComponent(given).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function resolveUri(given: readonly Value[], call: Called): string {
  try {
    return new URL(text(given, 1, call), text(given, 0, call)).href;
  } catch {
    return mismatch(call, 'the first text must be an absolute URI');
  }
}

function dataUriToString(given: string, call: Called): string {
  const parts = /^data:[^,]*?(;base64)?,(.*)$/is.exec(given);
  if (parts === null) return mismatch(call, 'the text is no data URI');
  return parts[1] === undefined ? decodeUri(parts[2] ?? '', call) : decodeBase64(parts[2] ?? '', call);
}

const plain = (work: (given: string, call: Called) => Value) => ({
  arity: [1, 1] as const,
  run: (given: readonly Value[], call: Called) => work(text(given, 0, call), call),
});

const isText = (test: (of: string, part: string) => boolean) => ({
  arity: [2, 2] as const,
  run: (given: readonly Value[], call: Called) =>
    test(text(given, 0, call).toLowerCase(), text(given, 1, call).toLowerCase()),
});

export const strings: Functions = {
  string: { arity: [1, 1], run: ([value = null]) => toText(value) },
  format: { arity: [1, Infinity], run: format },
  toLower: plain((of) => of.toLowerCase()),
  toUpper: plain((of) => of.toUpperCase()),
  trim: plain((of) => of.trim()),
  startsWith: isText((of, part) => of.startsWith(part)),
  endsWith: isText((of, part) => of.endsWith(part)),
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
  uniqueString: { arity: [1, Infinity], run: (given, call) => uniqueString(texts(given, call)) },
  guid: { arity: [1, Infinity], run: (given, call) => guid(texts(given, call), call.frame.scope.sha1) },
};

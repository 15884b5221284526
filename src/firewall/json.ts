import type { RuleRefusal } from './refusal.ts';

/** The outcome of reading one untrusted JSON value. */
export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: RuleRefusal };

export type Reader<T> = (value: unknown, path: string) => Read<T>;

/** What an object may have; each member's reader returns its part of the result. */
export type Members<T> = Readonly<Record<string, Reader<Partial<T>>>>;

export function refuse(refusal: RuleRefusal): { readonly ok: false; readonly refusal: RuleRefusal } {
  return { ok: false, refusal };
}

/**
 * Reads an object's members in document order, up to the first problem. A member that is not known is refused, so that
 * nothing a client asked for is dropped unsaid; `null` is "not given", as everywhere in the resource manager.
 */
export function readObject<T extends object>(value: unknown, path: string, known: Members<T>): Read<Partial<T>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse({ kind: 'wrongType', path, expected: 'an object', found: typeName(value) });
  }
  const result: Partial<T> = {};
  for (const [member, content] of Object.entries(value)) {
    const reader = Object.hasOwn(known, member) ? known[member] : undefined;
    if (reader === undefined) return refuse({ kind: 'unknownMember', path, member, known: Object.keys(known) });
    if (content === null) continue;
    const read = reader(content, `${path}.${member}`);
    if (!read.ok) return read;
    Object.assign(result, read.value);
  }
  return { ok: true, value: result };
}

/** The value as its part of an object, or the refusal as it is. */
export function part<T, U>(read: Read<T>, wrap: (value: T) => U): Read<U> {
  return read.ok ? { ok: true, value: wrap(read.value) } : read;
}

export function readArray<T>(value: unknown, path: string, readElement: Reader<T>): Read<readonly T[]> {
  if (!Array.isArray(value)) return refuse({ kind: 'wrongType', path, expected: 'an array', found: typeName(value) });
  const result: T[] = [];
  for (const [index, element] of value.entries()) {
    const read = readElement(element, `${path}[${index}]`);
    if (!read.ok) return read;
    result.push(read.value);
  }
  return { ok: true, value: result };
}

export function readString(value: unknown, path: string): Read<string> {
  return typeof value === 'string'
    ? { ok: true, value }
    : refuse({ kind: 'wrongType', path, expected: 'a string', found: typeName(value) });
}

export function readBoolean(value: unknown, path: string): Read<boolean> {
  return typeof value === 'boolean'
    ? { ok: true, value }
    : refuse({ kind: 'wrongType', path, expected: 'true or false', found: typeName(value) });
}

/** One of a few words, in any case, given back in the case of `choices`. */
export function readChoice<T extends string>(value: unknown, path: string, choices: readonly T[]): Read<T> {
  const text = readString(value, path);
  if (!text.ok) return text;
  const chosen = choices.find((choice) => choice.toLowerCase() === text.value.toLowerCase());
  return chosen === undefined
    ? refuse({ kind: 'unknownChoice', path, value: text.value, choices })
    : { ok: true, value: chosen };
}

function typeName(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

import { GraphRefused } from './refusal.ts';

/** Reads a member of a body, or throws; `at` is where it stands, for the message. */
export type Read<T> = (value: unknown, at: string) => T;

type Shape = Readonly<Record<string, Read<unknown>>>;
type Shaped<S extends Shape> = { readonly [K in keyof S]?: ReturnType<S[K]> };

const textLengthMax = 4096;
const listLengthMax = 1000;

export const text: Read<string> = (value, at) =>
  typeof value === 'string' && value !== '' && value.length <= textLengthMax
    ? value
    : invalid(at, `it must be a text of 1 to ${textLengthMax} characters`);

export const flag: Read<boolean> = (value, at) =>
  typeof value === 'boolean' ? value : invalid(at, 'it must be true or false');

/** A time as ISO 8601 has it, in milliseconds since 1970. */
export const dateTime: Read<number> = (value, at) => {
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? invalid(at, 'it must be a time such as 2026-01-31T00:00:00Z') : parsed;
};

/** What is only supported with one value. */
export function only<const T extends string | boolean>(expected: T): Read<T> {
  return (value, at) => (value === expected ? expected : invalid(at, `only ${JSON.stringify(expected)} is supported`));
}

/** A list that is only supported empty. */
export const emptyList: Read<readonly never[]> = (value, at) =>
  Array.isArray(value) && value.length === 0 ? [] : invalid(at, 'only an empty list is supported');

export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value) || value.length > listLengthMax) {
      return invalid(at, `it must be a list of at most ${listLengthMax}`);
    }
    return value.map((item: unknown, index) => read(item, `${at}[${index}]`));
  };
}

/** An object with these members and no others; `null` and what is left out is absent. */
export function object<S extends Shape>(shape: S): Read<Shaped<S>> {
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return invalid(at, 'it must be an object');
    const members: Record<string, unknown> = {};
    for (const [name, given] of Object.entries(value)) {
      const path = at === '' ? name : `${at}.${name}`;
      const read = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (read === undefined) {
        // Annotations are of the protocol, not of the object (OData JSON Format 4.01 section 4.6).
        if (name.includes('@odata.')) continue;
        throw new GraphRefused({ kind: 'memberUnknown', name: path, known: Object.keys(shape).join(', ') });
      }
      if (given !== null && given !== undefined) members[name] = read(given, path);
    }
    return isShaped<S>(members) ? members : invalid(at, 'it cannot be read');
  };
}

/** What a body must have. */
export function required<T>(value: T | undefined, at: string): T {
  return value ?? invalid(at, 'A value is required');
}

export function invalid(property: string, rule: string): never {
  throw new GraphRefused({ kind: 'propertyInvalid', property, rule });
}

/** True of what was read by the shape itself, which TypeScript cannot follow. */
function isShaped<S extends Shape>(members: object): members is Shaped<S> {
  return Object.keys(members).length >= 0;
}

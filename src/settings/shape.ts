import { refuse, type Read } from './values.ts';
import { refuseUnknown } from './refused.ts';

type Shape = Readonly<Record<string, Read<unknown>>>;
type Shaped<S extends Shape> = { readonly [K in keyof S]: ReturnType<S[K]> };

/** A JSON object with these members and no others; `at` is empty for the whole file. */
export function object<S extends Shape>(shape: S): Read<Shaped<S>> {
  return (value, at) => {
    if (!isObject(value)) refuse(value, at, 'is not a JSON object');
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(shape, name))
        refuseUnknown(at === '' ? 'the member' : `${at}: the member`, name, Object.keys(shape));
    }
    const members: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(shape))
      members[name] = read(value[name], at === '' ? name : `${at}.${name}`);
    return isShaped(members, shape) ? members : refuse(value, at, 'is not complete');
  };
}

export function list<T>(read: Read<T>): Read<readonly T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) refuse(value, at, 'is not a JSON array');
    return value.map((item: unknown, index) => read(item, `${at}[${index}]`));
  };
}

/** A list that may be left out, and is empty then. */
export function optionalList<T>(read: Read<T>): Read<readonly T[]> {
  const present = list(read);
  return (value, at) => (value === undefined ? [] : present(value, at));
}

export function optional<T>(read: Read<T>): Read<T | undefined> {
  return (value, at) => (value === undefined ? undefined : read(value, at));
}

/** True of what was read by the shape itself, which TypeScript cannot follow. */
function isShaped<S extends Shape>(members: object, shape: S): members is Shaped<S> {
  return Object.keys(shape).every((name) => Object.hasOwn(members, name));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where a value is inside the one that was read: names of members, indexes of elements. */
export type Path = readonly (string | number)[];

export type JsonType = 'object' | 'array' | 'string' | 'boolean' | 'number';

/**
 * The first thing in document order that a shape does not allow: where it is, what was found there and what is allowed.
 * `Breach` describes the broken rule where the rule is the caller's own. Each room words its faults in one place.
 */
export type Fault<Breach = never> = { readonly path: Path } & (
  | { readonly kind: 'wrongType'; readonly found: unknown; readonly expected: JsonType }
  /** `expected` is in the words of the room that owns the shape. */
  | { readonly kind: 'wrongValue'; readonly found: unknown; readonly expected: string }
  | { readonly kind: 'outOfRange'; readonly found: unknown; readonly least: number; readonly most: number }
  | { readonly kind: 'unknownChoice'; readonly found: unknown; readonly choices: readonly unknown[] }
  /** `path` leads to the object. */
  | { readonly kind: 'unknownMember'; readonly member: string; readonly known: readonly string[] }
  | { readonly kind: 'missingMember'; readonly member: string }
  | { readonly kind: 'breach'; readonly found: unknown; readonly breach: Breach }
);

/** The result of reading an untrusted value. */
export type Read<T, Breach = never> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault<Breach> };

interface Refused<Breach> {
  readonly ok: false;
  readonly fault: Fault<Breach>;
}

export function accept<T>(value: T): Read<T> {
  return { ok: true, value };
}

export function wrong(found: unknown, expected: string, path: Path = []): Refused<never> {
  return { ok: false, fault: { kind: 'wrongValue', path, found, expected } };
}

export function missing(member: string): Refused<never> {
  return { ok: false, fault: { kind: 'missingMember', path: [], member } };
}

export function breached<const Breach>(found: unknown, breach: Breach): Refused<Breach> {
  return { ok: false, fault: { kind: 'breach', path: [], found, breach } };
}

/** The same fault with its path as seen from the enclosing value. */
export function within<B>(segment: string | number, fault: Fault<B>): Refused<B> {
  return { ok: false, fault: { ...fault, path: [segment, ...fault.path] } };
}

/** The path as `rules[0].value`, after `base` if that is not empty. */
export function formatPath(path: Path, base = ''): string {
  return path.reduce<string>((text, segment) => {
    if (typeof segment === 'number') return `${text}[${segment}]`;
    return text === '' ? segment : `${text}.${segment}`;
  }, base);
}

type FaultOf<Kind, Breach> = Fault<Breach> & { readonly kind: Kind };

/** A room's words for each kind of fault; `at` is where it is. */
export type Wordings<Breach, Said> = {
  readonly [Kind in Fault['kind']]: (fault: FaultOf<Kind, Breach>, at: string) => Said;
};

/** Puts a fault into a room's words; `base` is where the value that was read is. */
export function renderFault<Kind extends Fault['kind'], Breach, Said>(
  wordings: Wordings<Breach, Said>,
  fault: FaultOf<Kind, Breach>,
  base = '',
): Said {
  return wordings[fault.kind](fault, formatPath(fault.path, base));
}

/** The type of a value in words, without the value itself. */
export function describeType(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Parts of a message may come from another program or a file: what moves a terminal's cursor is written as its number. */
export function printable(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, (found) => `\\u${(found.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}

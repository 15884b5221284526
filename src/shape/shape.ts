import { accept, missing, within } from './fault.ts';
import type { Fault, JsonType, Read } from './fault.ts';

/** A GUID as Azure writes them: a part of a regular expression that ignores case. */
export const guidForm = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

const whole = new RegExp(`^${guidForm}$`, 'i');

/** Whether a string is a GUID, in any case. */
export function isGuid(text: string): boolean {
  return whole.test(text);
}

/**
 * Reads an untrusted value in time linear in its size: returns it with its type, or the first fault in document order.
 */
export type Shape<T, Breach = never> = (value: unknown) => Read<T, Breach>;

/** The type that a shape returns. */
export type Shaped<S> = S extends Shape<infer T, unknown> ? T : never;

interface Optional<T, Breach> {
  readonly optional: Shape<T, Breach>;
  readonly fallback?: T;
}

/** A member that is read as `undefined` where it is absent; its shape decides whether that is allowed. */
interface Always<T, Breach> {
  readonly always: Shape<T, Breach>;
}

/** A member that may be present and is not read. */
export const ignored = { ignored: true } as const;

type Member = Shape<unknown, unknown> | Optional<unknown, unknown> | Always<unknown, unknown> | typeof ignored;
/** The members that an object may have, with the shape of each. */
export type Members = Readonly<Record<string, Member>>;
type ShapeOf<M> = M extends { readonly optional: infer S } | { readonly always: infer S } ? S : M;
type BreachOf<M> = M extends unknown ? BreachIn<Extract<ShapeOf<M>, Shape<unknown, unknown>>> : never;
type BreachIn<S extends Shape<unknown, unknown>> = Extract<
  Extract<ReturnType<S>, { readonly ok: false }>['fault'],
  { readonly kind: 'breach' }
>['breach'];

type Present = Shape<unknown, unknown> | { readonly fallback: unknown } | { readonly always: unknown };
type ObjectOf<M extends Members> = Flat<
  {
    readonly [K in keyof M as M[K] extends Present ? K : never]: Shaped<ShapeOf<M[K]>>;
  } & {
    readonly [K in keyof M as M[K] extends Present | typeof ignored ? never : K]?: Shaped<ShapeOf<M[K]>>;
  }
>;
type Flat<T> = { [K in keyof T]: T[K] };

interface ObjectRules {
  /** Whether `null` is passed to a member's shape; otherwise it counts as absent. */
  readonly nullIsValue?: true;
  /** Whether an unknown member of this name is ignored; otherwise it is refused. */
  readonly ignoredIf?: (name: string) => boolean;
  /** Whether unknown members are kept as they were given. */
  readonly keepOthers?: true;
}

/** A member that may be absent; it then has the value `fallback`, if that is given. */
export function optional<T, B = never>(shape: Shape<T, B>): { readonly optional: Shape<T, B> };
export function optional<T, B = never>(shape: Shape<T, B>, fallback: T): Required<Optional<T, B>>;
export function optional<T, B = never>(shape: Shape<T, B>, fallback?: T): Optional<T, B> {
  return fallback === undefined ? { optional: shape } : { optional: shape, fallback };
}

export function always<T, B = never>(shape: Shape<T, B>): Always<T, B> {
  return { always: shape };
}

/** The same member under each of these names. */
export function each<const Name extends string, M extends Member>(names: readonly Name[], member: M): Record<Name, M> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `fromEntries` forgets which names they are
  return Object.fromEntries(names.map((name) => [name, member])) as Record<Name, M>;
}

/** Members that may all be absent. */
export function partial<M extends Readonly<Record<string, Shape<unknown, unknown>>>>(
  members: M,
): { readonly [K in keyof M]: { readonly optional: M[K] } } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as in `each`
  return Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, optional(shape)])) as {
    [K in keyof M]: { optional: M[K] };
  };
}

/**
 * An object with these members, read in document order. Missing members are reported last, so that a misspelt name is
 * refused by that name.
 */
export function object<M extends Members>(
  members: M,
  rules: ObjectRules & { readonly keepOthers: true },
): Shape<ObjectOf<M> & Readonly<Record<string, unknown>>, BreachOf<M[keyof M]>>;
export function object<M extends Members>(members: M, rules?: ObjectRules): Shape<ObjectOf<M>, BreachOf<M[keyof M]>>;
export function object(members: Members, rules: ObjectRules = {}): Shape<unknown, unknown> {
  const known = new Map(Object.entries(members));
  const absent = [...known].filter(
    ([, member]) => typeof member === 'function' || 'fallback' in member || 'always' in member,
  );
  return (value) => {
    if (!isObject(value)) return wrongType(value, 'object');
    const read = readMembers(value, known, rules);
    if (!read.ok) return read;
    for (const [name, member] of absent) {
      if (Object.hasOwn(read.value, name)) continue;
      const instead = readAbsent(name, member);
      if (!instead.ok) return instead;
      read.value[name] = instead.value;
    }
    return read;
  };
}

/** The members that are given. */
function readMembers(
  value: object,
  known: ReadonlyMap<string, Member>,
  { nullIsValue, ignoredIf, keepOthers }: ObjectRules,
): Read<Record<string, unknown>, unknown> {
  const entries: [string, unknown][] = [];
  for (const [name, given] of Object.entries(value)) {
    const member = known.get(name);
    if (member === undefined) {
      if (keepOthers === true) entries.push([name, given]);
      else if (ignoredIf?.(name) !== true) return unknownMember(name, [...known.keys()]);
      continue;
    }
    if ('ignored' in member || given === undefined || (given === null && nullIsValue !== true)) continue;
    const read = shapeIn(member)(given);
    if (!read.ok) return within(name, read.fault);
    entries.push([name, read.value]);
  }
  // Not by assignment: a member `__proto__` would become the object's prototype.
  return accept(Object.fromEntries(entries));
}

function shapeIn(member: Exclude<Member, typeof ignored>): Shape<unknown, unknown> {
  if (typeof member === 'function') return member;
  return 'always' in member ? member.always : member.optional;
}

/** The value of a member that is not given. */
function readAbsent(name: string, member: Member): Read<unknown, unknown> {
  if ('fallback' in member) return accept(member.fallback);
  if (!('always' in member)) return missing(name);
  const read = member.always(undefined);
  return read.ok ? read : within(name, read.fault);
}

export function array<T, B = never>(element: Shape<T, B>): Shape<readonly T[], B> {
  return (value) => {
    if (!Array.isArray(value)) return wrongType(value, 'array');
    const elements: T[] = [];
    for (let index = 0; index < value.length; index += 1) {
      const read = element(value[index]);
      if (!read.ok) return within(index, read.fault);
      elements.push(read.value);
    }
    return accept(elements);
  };
}

/** An object whose members may have any name. */
export function record<T, B = never>(member: Shape<T, B>): Shape<Readonly<Record<string, T>>, B> {
  return (value) => {
    if (!isObject(value)) return wrongType(value, 'object');
    const entries: [string, T][] = [];
    for (const [name, given] of Object.entries(value)) {
      const read = member(given);
      if (!read.ok) return within(name, read.fault);
      entries.push([name, read.value]);
    }
    return accept(Object.fromEntries(entries));
  };
}

export const string: Shape<string> = (value) =>
  typeof value === 'string' ? accept(value) : wrongType(value, 'string');

export const boolean: Shape<boolean> = (value) =>
  typeof value === 'boolean' ? accept(value) : wrongType(value, 'boolean');

export const number: Shape<number> = (value) =>
  typeof value === 'number' ? accept(value) : wrongType(value, 'number');

export const anything: Shape<unknown> = accept;

export function wholeNumber(least: number, most: number): Shape<number> {
  return (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? accept(value)
      : { ok: false, fault: { kind: 'outOfRange', path: [], found: value, least, most } };
}

/** One of a few words in any case, returned in the case of `choices`. */
export function choice<const T extends string>(choices: readonly T[]): Shape<T> {
  const known = new Map(choices.map((word) => [word.toLowerCase(), word]));
  return refine(string, (word) => chosen(known.get(word.toLowerCase()), word, choices));
}

/** Exactly one of these values. */
export function literal<const T extends readonly unknown[]>(...choices: T): Shape<T[number]> {
  return (value) =>
    chosen(
      choices.find((known) => known === value),
      value,
      choices,
    );
}

/** Passes what a shape returns to a rule, which checks it or turns it into something else. */
export function refine<T, B, U, C = never>(shape: Shape<T, B>, rule: (value: T) => Read<U, C>): Shape<U, B | C> {
  return (value) => {
    const read = shape(value);
    return read.ok ? rule(read.value) : read;
  };
}

type Renamed<T, Names> = Flat<{ [K in keyof T as K extends keyof Names ? Extract<Names[K], string> : K]: T[K] }>;

/** The members of what a shape gives, some of them under another name. */
export function renamed<T extends object, B, const Names extends { readonly [K in keyof T]?: string }>(
  shape: Shape<T, B>,
  names: Names,
): Shape<Renamed<T, Names>, B> {
  const others: ReadonlyMap<string, unknown> = new Map(Object.entries(names));
  return refine(shape, (value) => {
    const entries = Object.entries(value).map(([name, member]: [string, unknown]) => {
      const other = others.get(name);
      return [typeof other === 'string' ? other : name, member] as const;
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `fromEntries` forgets which names they are
    return accept(Object.fromEntries(entries) as Renamed<T, Names>);
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function chosen<T>(found: T | undefined, value: unknown, choices: readonly T[]): Read<T> {
  return found === undefined
    ? { ok: false, fault: { kind: 'unknownChoice', path: [], found: value, choices } }
    : accept(found);
}

function unknownMember(member: string, known: readonly string[]): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: { kind: 'unknownMember', path: [], member, known } };
}

function wrongType(found: unknown, expected: JsonType): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: { kind: 'wrongType', path: [], found, expected } };
}

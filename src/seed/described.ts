import type { RuleBreach } from '../firewall/refusal.ts';
import { accept, breached, within, wrong } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, boolean, literal, object, optional, refine, wholeNumber } from '../shape/shape.ts';
import type { Members, Shape } from '../shape/shape.ts';

/** A rule of the seed that a value breaks, as the end of a sentence; or one of the firewall, which has Azure's words. */
export type SeedBreach = string | RuleBreach;

/** A JSON Schema (draft 2020-12). */
export type Schema = Readonly<Record<string, unknown>>;

/**
 * A shape, and the JSON Schema of what it reads. `T` is what it gives, `Given` what a file has. The two are made together,
 * so that the published schema cannot differ from the reader.
 */
export interface Described<T, Given = T> {
  readonly shape: Shape<T, SeedBreach>;
  readonly schema: Schema;
  /** Never present: it carries the type. */
  readonly given?: Given;
}

/** The type that a file has in the place of a described value. */
export type GivenOf<D> = D extends Described<unknown, infer Given> ? Given : never;
export type ReadOf<D> = D extends Described<infer T, unknown> ? T : never;

interface Text {
  /** For the schema too, so without flags. */
  readonly pattern: string;
  /** The rule in words, as the end of a sentence that begins with the value. */
  readonly rule: string;
}

/** A string of this form. */
export function text({ pattern, rule }: Text): Described<string> {
  const form = new RegExp(pattern, 'u');
  return {
    shape: (value) => (typeof value === 'string' && form.test(value) ? accept(value) : wrong(value, rule)),
    schema: { type: 'string', pattern },
  };
}

/** A string that no message shows. The lengths are in UTF-16 units. */
export function hidden({ least, most }: { readonly least: number; readonly most: number }): Described<string> {
  const rule = `must be a string of ${least} to ${most} characters`;
  return {
    shape: (value) =>
      typeof value === 'string' && value.length >= least && value.length <= most
        ? accept(value)
        : breached(value, rule),
    schema: { type: 'string', minLength: least, maxLength: most },
  };
}

export const flag: Described<boolean> = { shape: boolean, schema: { type: 'boolean' } };

export function whole(least: number, most: number): Described<number> {
  return { shape: wholeNumber(least, most), schema: { type: 'integer', minimum: least, maximum: most } };
}

export function oneOf<const T extends string | boolean | number>(...choices: readonly T[]): Described<T> {
  return { shape: literal(...choices), schema: { enum: choices } };
}

export function listOf<T, Given>(element: Described<T, Given>): Described<readonly T[], readonly Given[]> {
  return { shape: array(element.shape), schema: { type: 'array', items: element.schema } };
}

/** Passes what is read to a rule, which checks it or turns it into something else. */
export function checked<T, Given, U>(
  of: Described<T, Given>,
  rule: (value: T) => Read<U, SeedBreach>,
): Described<U, Given> {
  return { shape: refine(of.shape, rule), schema: of.schema };
}

/** `long` where the file has an object, else `short`. */
export function shortOr<T, S, U, L>(short: Described<T, S>, long: Described<U, L>): Described<T | U, S | L> {
  return {
    shape: (value): Read<T | U, SeedBreach> => (isObject(value) ? long.shape(value) : short.shape(value)),
    schema: { anyOf: [short.schema, long.schema] },
  };
}

/** The same, or `null`. */
export function orNull<T, Given>(of: Described<T, Given>): Described<T | null, Given | null> {
  return {
    shape: (value): Read<T | null, SeedBreach> => (value === null ? accept(null) : of.shape(value)),
    schema: { anyOf: [of.schema, { type: 'null' }] },
  };
}

/** The same with a description for the schema and the reference. */
export function about<T, Given>(description: string, of: Described<T, Given>): Described<T, Given> {
  return { shape: of.shape, schema: { description, ...of.schema } };
}

/** An object whose members have names of this form. Names are compared in any case, as Azure does. */
export function named<T, Given>(
  name: Text & { readonly what: string },
  of: Described<T, Given>,
): Described<Readonly<Record<string, T>>, Readonly<Record<string, Given>>> {
  const form = new RegExp(name.pattern, 'u');
  return {
    shape: (value): Read<Readonly<Record<string, T>>, SeedBreach> => {
      if (!isObject(value))
        return { ok: false, fault: { kind: 'wrongType', path: [], found: value, expected: 'object' } };
      const known = new Map<string, string>();
      const entries: [string, T][] = [];
      for (const [key, given] of Object.entries(value)) {
        const lower = key.toLowerCase();
        const other = known.get(lower);
        if (!form.test(key))
          return within(key, breached(given, `this is not the name of ${name.what}: ${name.rule}`).fault);
        if (other !== undefined)
          return within(key, breached(given, `it has the name of '${other}' in another case`).fault);
        known.set(lower, key);
        const read = of.shape(given);
        if (!read.ok) return within(key, read.fault);
        entries.push([key, read.value]);
      }
      return accept(Object.fromEntries(entries));
    },
    schema: { type: 'object', propertyNames: { pattern: name.pattern }, additionalProperties: of.schema },
  };
}

interface Needed<T, Given> {
  readonly needed: Described<T, Given>;
}
interface May<T, Given> {
  readonly may: Described<T, Given>;
}
interface Filled<T, Given> {
  readonly filled: Described<T, Given>;
  readonly fallback: T;
  /** The fallback as the schema shows it. */
  readonly shown: unknown;
}

type AnyMember = Needed<unknown, unknown> | May<unknown, unknown> | Filled<unknown, unknown>;

export function needed<T, Given>(of: Described<T, Given>): Needed<T, Given> {
  return { needed: of };
}

/** A member that may be left out. */
export function may<T, Given>(of: Described<T, Given>): May<T, Given> {
  return { may: of };
}

/** A member that has this value where it is left out. */
export function filled<T, Given>(of: Described<T, Given>, fallback: T, shown: unknown = fallback): Filled<T, Given> {
  return { filled: of, fallback, shown };
}

type Flat<T> = { readonly [K in keyof T]: T[K] };
type Present<M> = M extends { readonly may: unknown } ? never : M;
type Written<M> = M extends { readonly needed: unknown } ? M : never;
type DescribedIn<M> = M extends { readonly needed: infer D } | { readonly may: infer D } | { readonly filled: infer D }
  ? D
  : never;

type ObjectRead<M> = Flat<
  { [K in keyof M as Present<M[K]> extends never ? never : K]: ReadOf<DescribedIn<M[K]>> } & {
    [K in keyof M as Present<M[K]> extends never ? K : never]?: ReadOf<DescribedIn<M[K]>>;
  }
>;
type ObjectGiven<M> = Flat<
  { [K in keyof M as Written<M[K]> extends never ? never : K]: GivenOf<DescribedIn<M[K]>> } & {
    [K in keyof M as Written<M[K]> extends never ? K : never]?: GivenOf<DescribedIn<M[K]>>;
  }
>;

/** An object with these members and no others. */
export function objectOf<const M extends Readonly<Record<string, AnyMember>>>(
  members: M,
): Described<ObjectRead<M>, ObjectGiven<M>> {
  const parts = Object.entries<AnyMember>(members).map(([name, member]) => ({ name, ...partOf(member) }));
  const shapes: Members = Object.fromEntries(parts.map(({ name, member }) => [name, member]));
  const required = parts.filter(({ isNeeded }) => isNeeded).map(({ name }) => name);
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `fromEntries` forgets which names they are
    shape: object(shapes, { nullIsValue: true }) as Shape<ObjectRead<M>, SeedBreach>,
    schema: {
      type: 'object',
      properties: Object.fromEntries(parts.map(({ name, schema }) => [name, schema])),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
  };
}

function partOf(member: AnyMember) {
  if ('needed' in member) return { member: member.needed.shape, schema: member.needed.schema, isNeeded: true };
  if ('may' in member) return { member: optional(member.may.shape), schema: member.may.schema, isNeeded: false };
  const { filled: of, fallback, shown } = member;
  return { member: optional(of.shape, fallback), schema: { ...of.schema, default: shown }, isNeeded: false };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

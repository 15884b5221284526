import { Refused } from '../edge/edge.ts';
import { accept, formatPath, renderFault, wrong } from '../shape/fault.ts';
import type { JsonType, Wordings } from '../shape/fault.ts';
import { array, boolean, literal, object as shapeOf, partial } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { GraphRefusal } from './refusal.ts';

const textLengthMax = 4096;
const listLengthMax = 1000;

export const text: Shape<string> = (value) =>
  typeof value === 'string' && value !== '' && value.length <= textLengthMax
    ? accept(value)
    : wrong(value, `it must be a text of 1 to ${textLengthMax} characters`);

export const flag: Shape<boolean> = boolean;

/** A time as ISO 8601 has it, in milliseconds since 1970. */
export const dateTime: Shape<number> = (value) => {
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? wrong(value, 'it must be a time such as 2026-01-31T00:00:00Z') : accept(parsed);
};

/** What is only supported with one value. */
export const only: typeof literal = literal;

/** A list that is only supported empty. */
export const emptyList: Shape<readonly never[]> = (value) =>
  Array.isArray(value) && value.length === 0 ? accept([]) : wrong(value, 'only an empty list is supported');

export function list<T>(element: Shape<T>): Shape<readonly T[]> {
  const all = array(element);
  return (value) =>
    Array.isArray(value) && value.length <= listLengthMax
      ? all(value)
      : wrong(value, `it must be a list of at most ${listLengthMax}`);
}

/** An object with these members and no others; `null` and what is left out is absent. */
export function object<M extends Readonly<Record<string, Shape<unknown>>>>(members: M) {
  // Annotations are of the protocol, not of the object (OData JSON Format 4.01 section 4.6).
  return shapeOf(partial(members), { ignoredIf: (name) => name.includes('@odata.') });
}

/**
 * Reads a whole body, of these members.
 * @throws {Refused} naming the member at fault
 */
export function bodyOf<M extends Readonly<Record<string, Shape<unknown>>>>(members: M) {
  const shape = object(members);
  return (value: unknown) => {
    const read = shape(value);
    return read.ok ? read.value : renderFault(wordings, read.fault);
  };
}

const typeRules: Readonly<Record<JsonType, string>> = {
  object: 'it must be an object',
  array: 'it must be a list',
  string: 'it must be a text',
  boolean: 'it must be true or false',
  number: 'it must be a number',
};

const wordings: Wordings<never, never> = {
  wrongType: ({ expected }, at) => invalid(at, typeRules[expected]),
  wrongValue: ({ expected }, at) => invalid(at, expected),
  outOfRange: ({ least, most }, at) => invalid(at, `it must be a whole number from ${least} to ${most}`),
  unknownChoice: ({ choices }, at) => invalid(at, `only ${JSON.stringify(choices[0])} is supported`),
  unknownMember: ({ member, known }, at) => {
    throw new Refused<GraphRefusal>({ kind: 'memberUnknown', name: formatPath([member], at), known: known.join(', ') });
  },
  missingMember: ({ member }, at) => invalid(formatPath([member], at), 'A value is required'),
  breach: ({ breach }) => breach,
};

/** What a body must have. */
export function required<T>(value: T | undefined, at: string): T {
  return value ?? invalid(at, 'A value is required');
}

export function invalid(property: string, rule: string): never {
  throw new Refused<GraphRefusal>({ kind: 'propertyInvalid', property, rule });
}

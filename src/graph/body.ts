import { Refused } from '../edge/edge.ts';
import { accept, formatPath, renderFault, wrong } from '../shape/fault.ts';
import type { JsonType, Wordings } from '../shape/fault.ts';
import { array, boolean, literal, object as shapeOf, partial } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { GraphRefusal } from './refusal.ts';

const stringLengthMax = 4096;
const listLengthMax = 1000;

export const boundedString: Shape<string> = (value) =>
  typeof value === 'string' && value !== '' && value.length <= stringLengthMax
    ? accept(value)
    : wrong(value, `it must be a string of 1 to ${stringLengthMax} characters`);

export const flag: Shape<boolean> = boolean;

/** An ISO 8601 time, in milliseconds since 1970. */
export const dateTime: Shape<number> = (value) => {
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(parsed) ? wrong(value, 'it must be a time such as 2026-01-31T00:00:00Z') : accept(parsed);
};

/** A member that is supported with one value only. */
export const only: typeof literal = literal;

/** A list that must be empty. */
export const emptyList: Shape<readonly never[]> = (value) =>
  Array.isArray(value) && value.length === 0 ? accept([]) : wrong(value, 'only an empty list is supported');

export function list<T>(element: Shape<T>): Shape<readonly T[]> {
  const all = array(element);
  return (value) =>
    Array.isArray(value) && value.length <= listLengthMax
      ? all(value)
      : wrong(value, `it must be a list of at most ${listLengthMax}`);
}

/** An object with these members and no others. An absent member and `null` mean the same. */
export function object<M extends Readonly<Record<string, Shape<unknown>>>>(members: M) {
  // Annotations belong to the protocol, not to the object (OData JSON Format 4.01 section 4.6).
  return shapeOf(partial(members), { ignoredIf: (name) => name.includes('@odata.') });
}

/**
 * Reads a whole body with these members.
 * @throws {Refused} with the invalid member
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
  string: 'it must be a string',
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

/** A member that a body must have. */
export function required<T>(value: T | undefined, at: string): T {
  return value ?? invalid(at, 'A value is required');
}

export function invalid(property: string, rule: string): never {
  throw new Refused<GraphRefusal>({ kind: 'propertyInvalid', property, rule });
}

import { Refused } from '../edge/edge.ts';
import { checkParameters } from '../objects/parameters.ts';
import type { ObjectParameters } from '../objects/parameters.ts';
import type { ObjectRefusal } from '../objects/refusal.ts';
import { accept, breached, formatPath, renderFault, wrong } from '../shape/fault.ts';
import type { Fault, JsonType, Path, Wordings } from '../shape/fault.ts';
import { array, boolean, each, ignored, object, optional, partial, record, renamed, string } from '../shape/shape.ts';
import type { Members, Shape } from '../shape/shape.ts';
import { badParameter } from './operation.ts';
import type { Refusal } from './refusal.ts';

/** The shape of a request body. A rule of its own describes a breach in a whole sentence. */
export type BodyShape<T> = Shape<T, string>;

/**
 * Reads a body by its shape.
 * @throws {Refused} with the invalid member
 */
export function readAs<T>(shape: BodyShape<T>, value: unknown): T {
  const read = shape(value);
  return read.ok ? read.value : badParameter(sentenceOf(read.fault));
}

/** The path without the indexes of elements, as messages have it: `contacts[].email`. */
function withoutIndexes(path: Path): Path {
  return path.flatMap((segment, at) => {
    if (typeof segment === 'number') return [];
    return typeof path[at + 1] === 'number' ? `${segment}[]` : segment;
  });
}

function sentenceOf(fault: Fault<string>): string {
  return renderFault(wordings, { ...fault, path: withoutIndexes(fault.path) });
}

const typeWords: Readonly<Record<JsonType, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
};

/** A member that is not supported is never ignored: it is refused by name. */
const wordings: Wordings<string, string> = {
  wrongType: ({ expected }, at) =>
    at === '' ? 'The request body must be a JSON object.' : `${at} must be ${typeWords[expected]}.`,
  wrongValue: ({ expected }, at) => `${at} must be ${expected}.`,
  outOfRange: ({ least, most }, at) => `${at} must be a whole number from ${least} to ${most}.`,
  unknownChoice: ({ choices }, at) => `${at} must be one of: ${choices.join(', ')}.`,
  unknownMember: ({ member }, at) => `The member '${formatPath([member.slice(0, 64)], at)}' is not supported here.`,
  missingMember: ({ member }, at) => `The member ${formatPath([member], at)} is missing.`,
  breach: ({ breach }) => breach,
};

/**
 * The same shape, but a value that is not an object or that has other members is refused with this sentence. The message
 * for a fault in one of its members does not have the path to the object.
 */
export function objectOr<T>(sentence: string, shape: BodyShape<T>): BodyShape<T> {
  return (value) => {
    const read = shape(value);
    if (read.ok) return read;
    const { kind, path } = read.fault;
    const isItself = path.length === 0 && (kind === 'wrongType' || kind === 'unknownMember');
    return breached(value, isItself ? sentence : sentenceOf(read.fault));
  };
}

/** The body of a restore; `value` is the blob of a backup. */
export const restoreBody = object({ value: string });

export const strings: Shape<readonly string[]> = (value) => {
  const read = array(string)(value);
  return read.ok ? read : wrong(value, 'an array of strings');
};

const tags: Shape<Readonly<Record<string, string>>> = (value) => {
  const read = record(string)(value);
  return read.ok ? read : wrong(value, 'an object of strings');
};

const seconds: Shape<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value)
    ? accept(value)
    : wrong(value, 'a whole number of seconds since 1970');

/** The shape of `attributes`; `more` has those of one collection only. */
export function attributesWith<const M extends Members>(more: M) {
  return renamed(
    object({
      ...partial({ enabled: boolean, nbf: seconds, exp: seconds }),
      // The server sets these. Clients may send them back, and they are ignored.
      ...each(['created', 'updated', 'recoveryLevel', 'recoverableDays'], ignored),
      ...more,
    }),
    { nbf: 'notBefore', exp: 'expires' },
  );
}

export const attributes = attributesWith({});

/** The shapes of `tags` and `attributes`, which the objects of every collection have. */
export const objectMembers = { tags: optional(tags), attributes: optional(attributes, {}) };

/**
 * The parameters in a body that has `objectMembers`, with their limits checked.
 * @throws {Refused} if a limit is exceeded
 */
export function parametersOf<A extends ObjectParameters, M extends object>(
  { attributes: given, ...members }: { readonly attributes: A } & M,
  check: (parameters: A & Omit<M, 'attributes'>) => ObjectRefusal | undefined = checkParameters,
): A & Omit<M, 'attributes'> {
  const parameters = { ...members, ...given };
  const refusal = check(parameters);
  if (refusal !== undefined) throw new Refused<Refusal>(refusal);
  return parameters;
}

import { refused } from '../objects/object.ts';
import type { Outcome } from '../objects/object.ts';
import type { ObjectParameters } from '../objects/parameters.ts';
import { accept, formatPath, renderFault, wrong } from '../shape/fault.ts';
import type { JsonType, Wordings } from '../shape/fault.ts';
import {
  anything,
  array,
  boolean,
  each,
  ignored,
  number,
  object,
  optional,
  partial,
  record,
  refine,
  string,
} from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';

type Members = Readonly<Record<string, unknown>>;

/** Reads a body, or what is `at` some place in it. */
export function readAs<T>(shape: Shape<T>, value: unknown, at = ''): Outcome<T> {
  const read = shape(value);
  return read.ok ? read : refused({ kind: 'badParameter', message: renderFault(wordings, read.fault, at) });
}

const typeWords: Readonly<Record<JsonType, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
};

/** What is not supported is never ignored: a member that is not known is refused by name. */
const wordings: Wordings<never, string> = {
  wrongType: ({ expected }, at) =>
    at === '' ? 'The request body must be a JSON object.' : `${at} must be ${typeWords[expected]}.`,
  wrongValue: ({ expected }, at) => `${at} must be ${expected}.`,
  outOfRange: ({ least, most }, at) => `${at} must be a whole number from ${least} to ${most}.`,
  unknownChoice: ({ choices }, at) => `${at} must be one of: ${choices.join(', ')}.`,
  unknownMember: ({ member }, at) => `The member '${formatPath([member.slice(0, 64)], at)}' is not supported here.`,
  missingMember: ({ member }, at) => `The member ${formatPath([member], at)} is missing.`,
  breach: ({ breach }) => breach,
};

/** The members of a request's body as they were sent. */
export function bodyMembers(body: unknown, known: readonly string[]): Outcome<Members> {
  return readAs(object(each(known, optional(anything)), { nullIsValue: true }), body);
}

/** A member that is a string if it is there; `null` is as good as absent. */
export function textMember(members: Members, name: string): Outcome<string | undefined> {
  const value = members[name] ?? undefined;
  return value === undefined ? { ok: true, value } : readAs(string, value, name);
}

const backup = object({ value: string });

/** `value` of a restore: the blob of a backup. */
export function backupBlob(body: unknown): Outcome<string> {
  const read = readAs(backup, body);
  return read.ok ? { ok: true, value: read.value.value } : read;
}

const tags: Shape<Readonly<Record<string, string>>> = (value) => {
  const read = record(string)(value);
  return read.ok ? read : wrong(value, 'an object of strings');
};

const seconds: Shape<number> = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value)
    ? accept(value)
    : wrong(value, 'a whole number of seconds since 1970');

/** `attributes`; `more` are those that only this collection has. */
function attributes(more: readonly string[]): Shape<ObjectParameters> {
  const shape = object({
    enabled: optional(boolean),
    nbf: optional(seconds),
    exp: optional(seconds),
    // Only the server makes them: clients send them back.
    ...each(['created', 'updated', 'recoveryLevel', 'recoverableDays', ...more], ignored),
  });
  return refine(shape, ({ enabled, nbf, exp }) =>
    accept({
      ...(enabled !== undefined && { enabled }),
      ...(nbf !== undefined && { notBefore: nbf }),
      ...(exp !== undefined && { expires: exp }),
    }),
  );
}

/** `tags` and `attributes`, which an object of any collection has. */
export function objectMembers(more: readonly string[] = []) {
  return { tags: optional(tags), attributes: optional(attributes(more), {}) };
}

/** What a body says of an object of any collection, whatever else is in it. */
export function parametersOf({
  tags: given,
  attributes: facts,
}: {
  readonly tags?: Readonly<Record<string, string>>;
  readonly attributes: ObjectParameters;
}): ObjectParameters {
  return { ...(given !== undefined && { tags: given }), ...facts };
}

const anyObject = object(objectMembers(), { ignoredIf: () => true });

/** `tags` and `attributes` of a request; `more` are those attributes that only this collection has. */
export function objectParameters(members: Members, more: readonly string[] = []): Outcome<ObjectParameters> {
  const shape = more.length === 0 ? anyObject : object(objectMembers(more), { ignoredIf: () => true });
  const read = readAs(shape, members);
  return read.ok ? { ok: true, value: parametersOf(read.value) } : read;
}

const strings: Shape<readonly string[]> = (value) => {
  const read = array(string)(value);
  return read.ok ? read : wrong(value, 'an array of strings');
};

/** What a member may be, and what it is then; `anything` is read by whoever asks for it. */
const kinds = { text: string, flag: boolean, number, texts: strings, anything } as const;

type Kinds = typeof kinds;
type Known = Readonly<Record<string, keyof Kinds>>;
type Shaped<S extends Known> = { readonly [K in keyof S]?: Kinds[S[K]] extends Shape<infer T> ? T : never };

/**
 * A JSON object with members of these kinds and no others; `null` is as good as absent. `at` is where it stands, for the
 * messages: `key_props.`, or nothing for the body itself.
 */
export function readMembers<S extends Known>(value: unknown, at: string, known: S): Outcome<Shaped<S>> {
  const shape = object(partial(Object.fromEntries(Object.entries(known).map(([name, kind]) => [name, kinds[kind]]))));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names and kinds of `known`, which `fromEntries` forgets
  return readAs(shape as Shape<Shaped<S>>, value, at.slice(0, -1));
}

import { refused } from '../objects/object.ts';
import type { Outcome } from '../objects/object.ts';
import type { ObjectParameters } from '../objects/parameters.ts';

type Members = Readonly<Record<string, unknown>>;

/**
 * The members of a request's body, or of an object `at` some place in it. One that is not in `known` is refused by name, for
 * what is not supported is never ignored.
 */
export function bodyMembers(body: unknown, known: readonly string[], at = ''): Outcome<Members> {
  if (!isObject(body)) return bad('The request body must be a JSON object.');
  const unknown = Object.keys(body).find((member) => !known.includes(member));
  if (unknown !== undefined) return bad(`The member '${at}${unknown.slice(0, 64)}' is not supported here.`);
  return { ok: true, value: body };
}

/** A member that is a text if it is there; `null` is as good as absent. */
export function textMember(members: Members, name: string): Outcome<string | undefined> {
  const value = members[name];
  if (value === undefined || value === null) return { ok: true, value: undefined };
  return typeof value === 'string' ? { ok: true, value } : bad(`${name} must be a string.`);
}

/** `value` of a restore: the blob of a backup. */
export function backupBlob(body: unknown): Outcome<string> {
  const members = bodyMembers(body, ['value']);
  if (!members.ok) return members;
  const value = textMember(members.value, 'value');
  if (!value.ok) return value;
  return value.value === undefined ? bad('The member value is missing.') : { ok: true, value: value.value };
}

/** `tags` and `attributes` of a request; `more` are those attributes that only this collection has. */
export function objectParameters(members: Members, more: readonly string[] = []): Outcome<ObjectParameters> {
  const { tags, attributes } = members;
  if (tags !== undefined && tags !== null && !isStringMap(tags)) return bad('tags must be an object of strings.');
  const facts = attributesOf(attributes ?? {}, more);
  if (!facts.ok) return facts;
  return { ok: true, value: { ...(isStringMap(tags) && { tags }), ...facts.value } };
}

/** What a client may set, and what only the server makes: that is ignored, for clients send it back. */
const attributeNames = ['enabled', 'nbf', 'exp', 'created', 'updated', 'recoveryLevel', 'recoverableDays'];

function attributesOf(attributes: unknown, more: readonly string[]): Outcome<ObjectParameters> {
  if (!isObject(attributes)) return bad('attributes must be an object.');
  const unknown = Object.keys(attributes).find((member) => ![...attributeNames, ...more].includes(member));
  if (unknown !== undefined) return bad(`The member 'attributes.${unknown.slice(0, 64)}' is not supported here.`);
  const { enabled, nbf, exp } = attributes;
  if (enabled !== undefined && enabled !== null && typeof enabled !== 'boolean') {
    return bad('attributes.enabled must be true or false.');
  }
  for (const [name, time] of Object.entries({ nbf, exp })) {
    if (time !== undefined && time !== null && !Number.isSafeInteger(time)) {
      return bad(`attributes.${name} must be a whole number of seconds since 1970.`);
    }
  }
  return {
    ok: true,
    value: {
      ...(typeof enabled === 'boolean' && { enabled }),
      ...(typeof nbf === 'number' && { notBefore: nbf }),
      ...(typeof exp === 'number' && { expires: exp }),
    },
  };
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((member) => typeof member === 'string');
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}

import { bodyBounds, countJson, describeJsonFault, parseBoundedJson } from '../../json/bounded-json.ts';
import { payLookUp, spend } from '../budget.ts';
import { depthMax, isArray, isObject, memberOf, readValue } from '../value.ts';
import type { Value, ValueObject } from '../value.ts';
import { mismatch, object, string } from './function.ts';
import type { CallContext, Functions } from './function.ts';

function createObject(given: readonly Value[], call: CallContext): Value {
  if (given.length % 2 !== 0) mismatch(call, 'names and values must come in pairs');
  const members = given.flatMap((_, index) =>
    index % 2 === 0 ? [[string(given, index, call), given[index + 1] ?? null] as const] : [],
  );
  return Object.fromEntries(members);
}

const bounds = { ...bodyBounds, depth: depthMax };

/** Parses a string of JSON. */
export function parseJson(json: string, call: CallContext): Value {
  const counted = countJson(json, bounds);
  if (!counted.ok) return mismatch(call, `of the JSON, ${describeJsonFault(counted.fault)}`);
  // A member may have a new name, which costs as much as many values.
  spend(call.frame.budget, 2 * counted.values + 20 * counted.members);
  const parsed = parseBoundedJson(json, bounds);
  if (!parsed.ok) return mismatch(call, 'the string is not valid JSON');
  return readValue(parsed.value) ?? mismatch(call, 'the JSON contains a number that is too large');
}

/** The names of members in alphabetical order, ignoring case. */
function namesOf(of: ValueObject): readonly string[] {
  const names = Object.keys(of).map((name) => ({ name, lower: name.toLowerCase() }));
  return names.toSorted((a, b) => (a.lower < b.lower ? -1 : 1)).map(({ name }) => name);
}

/** The members by name, in the form of `items`. */
function items(of: ValueObject): Value {
  return namesOf(of).map((name) => ({ key: name, value: of[name] ?? null }));
}

/** The value at a path of names and indexes; `null` if it does not exist. */
function tryGet(given: readonly Value[], { frame }: CallContext): Value {
  let [found = null] = given;
  for (const step of given.slice(1)) {
    if (isObject(found) && typeof step === 'string') payLookUp(frame.budget, found, step);
    const next = isObject(found) && typeof step === 'string' ? memberOf(found, step) : undefined;
    const item = isArray(found) && typeof step === 'number' ? found[step] : undefined;
    found = next ?? item ?? null;
  }
  return found;
}

/** Merges objects one level deep; later ones win, and `null` is skipped. */
function shallowMerge(given: readonly Value[], call: CallContext): Value {
  const [all = null] = given;
  if (!isArray(all)) return mismatch(call, 'an array of objects is needed');
  return Object.fromEntries(
    all.flatMap((_, index) => (all[index] === null ? [] : Object.entries(object(all, index, call)))),
  );
}

export const objects: Functions = {
  createObject: { arity: [0, Infinity], run: createObject },
  json: { arity: [1, 1], run: (given, call) => parseJson(string(given, 0, call), call) },
  items: { arity: [1, 1], run: (given, call) => items(object(given, 0, call)) },
  objectKeys: {
    arity: [1, 1],
    run: (given, call) => namesOf(object(given, 0, call)),
  },
  tryGet: { arity: [2, Infinity], makes: false, run: tryGet },
  shallowMerge: { arity: [1, 1], run: shallowMerge },
};

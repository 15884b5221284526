import { isArray, isObject, memberOf, readValue } from '../value.ts';
import type { Value, ValueObject } from '../value.ts';
import { mismatch, object, text } from './function.ts';
import type { Called, Functions } from './function.ts';

function createObject(given: readonly Value[], call: Called): Value {
  if (given.length % 2 !== 0) mismatch(call, 'names and values must come in pairs');
  const members = given.flatMap((_, index) =>
    index % 2 === 0 ? [[text(given, index, call), given[index + 1] ?? null] as const] : [],
  );
  return Object.fromEntries(members);
}

/** The value of a JSON text. */
export function parseJson(json: string, call: Called): Value {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return mismatch(call, 'the text is not valid JSON');
  }
  return readValue(parsed) ?? mismatch(call, 'the JSON is nested too deeply');
}

/** Members by name, as `items` lists them. */
function items(of: ValueObject): Value {
  const names = Object.keys(of).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return names.map((name) => ({ key: name, value: of[name] ?? null }));
}

/** What stands at a path of members and indexes, `null` where it ends. */
function tryGet(given: readonly Value[]): Value {
  let [found = null] = given;
  for (const step of given.slice(1)) {
    const next = isObject(found) && typeof step === 'string' ? memberOf(found, step) : undefined;
    const item = isArray(found) && typeof step === 'number' ? found[step] : undefined;
    found = next ?? item ?? null;
  }
  return found;
}

/** Objects joined one level deep, the later ones winning; `null` adds nothing. */
function shallowMerge(given: readonly Value[], call: Called): Value {
  const [all = null] = given;
  if (!isArray(all)) return mismatch(call, 'an array of objects is needed');
  return Object.fromEntries(
    all.flatMap((_, index) => (all[index] === null ? [] : Object.entries(object(all, index, call)))),
  );
}

export const objects: Functions = {
  createObject: { arity: [0, Infinity], run: createObject },
  json: { arity: [1, 1], run: (given, call) => parseJson(text(given, 0, call), call) },
  items: { arity: [1, 1], run: (given, call) => items(object(given, 0, call)) },
  objectKeys: {
    arity: [1, 1],
    run: (given, call) =>
      Object.keys(object(given, 0, call)).toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
  },
  tryGet: { arity: [2, Infinity], makes: false, run: tryGet },
  shallowMerge: { arity: [1, 1], run: shallowMerge },
};

import { identityOf, isArray, isObject, memberOf, sameValue } from '../value.ts';
import type { Value, ValueObject } from '../value.ts';
import { array, integer, mismatch, string } from './function.ts';
import type { CallContext, Functions } from './function.ts';

/** A part of a string or an array. */
function cut(given: readonly Value[], call: CallContext, [from, to]: readonly [number, number?]): Value {
  const [of] = given;
  return typeof of === 'string' ? of.slice(from, to) : array(given, 0, call).slice(from, to);
}

function length(given: readonly Value[], call: CallContext): number {
  const [of = null] = given;
  if (typeof of === 'string' || isArray(of)) return of.length;
  return isObject(of) ? Object.keys(of).length : array(given, 0, call).length;
}

function contains(given: readonly Value[], call: CallContext): boolean {
  const [container = null, item = null] = given;
  if (isArray(container)) return container.some(sameAs(item));
  if (isObject(container)) return memberOf(container, string(given, 1, call)) !== undefined;
  return string(given, 0, call).includes(typeof item === 'number' ? String(item) : string(given, 1, call));
}

/** Compares other values with this one, for which the comparison key is computed once. */
function sameAs(item: Value): (other: Value) => boolean {
  if (typeof item !== 'object' || item === null) return (other) => other === item;
  const identity = identityOf(item);
  return (other) => typeof other === 'object' && other !== null && identityOf(other) === identity;
}

/** Arrays: each distinct item once. Objects: members of later objects win, and nested objects are merged recursively. */
function union(given: readonly Value[], call: CallContext): Value {
  const [first = null] = given;
  if (isArray(first)) return distinct(given.flatMap((_, index) => [...array(given, index, call)]));
  return merged(
    given.map((one) => (isObject(one) ? one : mismatch(call, 'all parameters must be arrays, or all objects'))),
  );
}

function merged(objects: readonly ValueObject[]): ValueObject {
  // The winning value of each name, or several consecutive objects, which are merged at the end.
  const members = new Map<string, Value[]>();
  for (const [name, value] of objects.flatMap((one) => Object.entries(one))) {
    const known = members.get(name);
    if (known !== undefined && isObject(known.at(-1)) && isObject(value)) known.push(value);
    else members.set(name, [value]);
  }
  return Object.fromEntries(
    [...members].map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] ?? null) : merged(values.filter(isObject)),
    ]),
  );
}

function distinct(items: readonly Value[]): readonly Value[] {
  const first = new Map<ReturnType<typeof identityOf>, Value>();
  for (const item of items) {
    const identity = identityOf(item);
    if (!first.has(identity)) first.set(identity, item);
  }
  return [...first.values()];
}

function intersection(given: readonly Value[], call: CallContext): Value {
  const [first = null, ...others] = given;
  if (isArray(first)) {
    const sets = others.map((_, index) => new Set(array(others, index, call).map(identityOf)));
    return distinct(first).filter((item) => {
      const identity = identityOf(item);
      return sets.every((set) => set.has(identity));
    });
  }
  if (!isObject(first)) return mismatch(call, 'all parameters must be arrays, or all objects');
  const members = Object.entries(first).filter(([name, value]) =>
    others.every((other) => isObject(other) && Object.hasOwn(other, name) && sameValue(other[name] ?? null, value)),
  );
  return Object.fromEntries(members);
}

/** The position of an item in an array, or of a string in a string regardless of case; -1 if it is not found. */
function position(given: readonly Value[], call: CallContext, last: boolean): number {
  const [of = null, item = null] = given;
  if (isArray(of)) {
    const same = sameAs(item);
    return last ? of.findLastIndex(same) : of.findIndex(same);
  }
  const [within, wanted] = [string(given, 0, call).toLowerCase(), string(given, 1, call).toLowerCase()];
  return last ? within.lastIndexOf(wanted) : within.indexOf(wanted);
}

function flattened(given: readonly Value[], call: CallContext): Value {
  return array(given, 0, call).flatMap((_, index, items) => [...array(items, index, call)]);
}

function concat(given: readonly Value[], call: CallContext): Value {
  if (isArray(given[0])) return given.flatMap((_, index) => [...array(given, index, call)]);
  return given.map((value, index) => (isScalar(value) ? formatScalar(value) : string(given, index, call))).join('');
}

function isScalar(value: Value): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** A value in a string, formatted as by .NET. */
export function formatScalar(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value);
}

export const arrays: Functions = {
  array: { arity: [1, 1], run: ([value = null]) => (isArray(value) ? value : [value]) },
  createArray: { arity: [0, Infinity], run: (given) => given },
  concat: { arity: [1, Infinity], run: concat },
  contains: { arity: [2, 2], run: contains },
  empty: { arity: [1, 1], run: (given, call) => given[0] === null || length(given, call) === 0 },
  length: { arity: [1, 1], run: length },
  first: { arity: [1, 1], makes: false, run: (given, call) => itemAt(given, call, 0) },
  last: { arity: [1, 1], makes: false, run: (given, call) => itemAt(given, call, -1) },
  skip: { arity: [2, 2], run: (given, call) => cut(given, call, [Math.max(0, integer(given, 1, call))]) },
  take: { arity: [2, 2], run: (given, call) => cut(given, call, [0, Math.max(0, integer(given, 1, call))]) },
  union: { arity: [1, Infinity], run: union },
  intersection: { arity: [2, Infinity], run: intersection },
  indexOf: { arity: [2, 2], run: (given, call) => position(given, call, false) },
  lastIndexOf: { arity: [2, 2], run: (given, call) => position(given, call, true) },
  flatten: { arity: [1, 1], run: flattened },
};

/** Without items: '' for a string, null for an array. */
function itemAt(given: readonly Value[], call: CallContext, index: number): Value {
  const [of] = given;
  return typeof of === 'string' ? (of.at(index) ?? '') : (array(given, 0, call).at(index) ?? null);
}

import { sameValue } from '../value.ts';
import type { Value } from '../value.ts';
import { boolean, mismatch, string } from './function.ts';
import type { CallContext, Functions } from './function.ts';

/** Orders numbers by size and strings by code units; other values have no order. */
function order(given: readonly Value[], call: CallContext): number {
  const [a, b] = given;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [string(given, 0, call), string(given, 1, call)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/** Reads `true`, `True`, 1 and the like, for `bool`. */
function readBoolean(value: Value, call: CallContext): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  const word = typeof value === 'string' ? value.toLowerCase() : '';
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  return mismatch(call, "'true', 'false' or a whole number is needed");
}

export const comparisons: Functions = {
  equals: { arity: [2, 2], run: ([a = null, b = null]) => sameValue(a, b) },
  less: { arity: [2, 2], run: (given, call) => order(given, call) < 0 },
  lessOrEquals: { arity: [2, 2], run: (given, call) => order(given, call) <= 0 },
  greater: { arity: [2, 2], run: (given, call) => order(given, call) > 0 },
  greaterOrEquals: { arity: [2, 2], run: (given, call) => order(given, call) >= 0 },
  not: { arity: [1, 1], run: ([value = null], { name }) => !boolean(value, name) },
  bool: { arity: [1, 1], run: ([value = null], call) => readBoolean(value, call) },
  true: { arity: [0, 0], run: () => true },
  false: { arity: [0, 0], run: () => false },
  null: { arity: [0, 0], run: () => null },
};

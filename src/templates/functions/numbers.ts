import { isArray } from '../value.ts';
import type { Value } from '../value.ts';
import { integer, mismatch } from './function.ts';
import type { CallContext, Functions, TemplateFunction } from './function.ts';

/** The most numbers in a `range`. */
const rangeMax = 10_000;

function binary(work: (a: number, b: number) => number): TemplateFunction {
  return {
    arity: [2, 2],
    run(given, call) {
      const result = work(integer(given, 0, call), integer(given, 1, call));
      if (!Number.isSafeInteger(result)) mismatch(call, 'the result is not a whole number in the supported range');
      // Negative zero becomes zero.
      return result === 0 ? 0 : result;
    },
  };
}

/** Several integers, or one array of them. */
function numbersOf(given: readonly Value[], call: CallContext): readonly number[] {
  const [first] = given;
  const all = given.length === 1 && isArray(first) ? first : given;
  if (all.length === 0) mismatch(call, 'the array is empty');
  return all.map((_, index) => integer(all, index, call));
}

/** The longest string that is read as a number, including spaces. */
const digitsMax = 64;

function readInteger(value: Value, call: CallContext): number {
  if (typeof value === 'number') return Math.trunc(value);
  const number =
    typeof value === 'string' && value.length <= digitsMax && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : mismatch(call, 'a whole number, or a string with one, is needed');
}

function range(given: readonly Value[], call: CallContext): Value {
  const [start, count] = [integer(given, 0, call), integer(given, 1, call)];
  if (count < 0 || count > rangeMax) mismatch(call, `the count must be a number from 0 to ${rangeMax}`);
  if (start + count > 2_147_483_647) mismatch(call, 'the sum of both numbers must not exceed 2147483647');
  return Array.from({ length: count }, (_, index) => start + index);
}

function divided(a: number, b: number): number {
  return b === 0 ? NaN : Math.trunc(a / b);
}

export const numbers: Functions = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  div: binary(divided),
  mod: binary((a, b) => (b === 0 ? NaN : a % b)),
  min: { arity: [1, Infinity], run: (given, call) => numbersOf(given, call).reduce((a, b) => Math.min(a, b)) },
  max: { arity: [1, Infinity], run: (given, call) => numbersOf(given, call).reduce((a, b) => Math.max(a, b)) },
  int: { arity: [1, 1], run: ([value = null], call) => readInteger(value, call) },
  range: { arity: [2, 2], run: range },
};

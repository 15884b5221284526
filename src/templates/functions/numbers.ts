import { isArray } from '../value.ts';
import type { Value } from '../value.ts';
import { integer, mismatch } from './function.ts';
import type { Called, Functions, TemplateFunction } from './function.ts';

/** "range": at most so many numbers. */
const rangeMax = 10_000;

function binary(work: (a: number, b: number) => number): TemplateFunction {
  return {
    arity: [2, 2],
    run(given, call) {
      const result = work(integer(given, 0, call), integer(given, 1, call));
      if (!Number.isSafeInteger(result)) mismatch(call, 'the result is no whole number of the range that is supported');
      // No negative zero.
      return result === 0 ? 0 : result;
    },
  };
}

/** Of several integers, or of one array of them. */
function numbersOf(given: readonly Value[], call: Called): readonly number[] {
  const [first] = given;
  const all = given.length === 1 && isArray(first) ? first : given;
  if (all.length === 0) mismatch(call, 'the array is empty');
  return all.map((_, index) => integer(all, index, call));
}

/** Of the text of a number, with the spaces around it. */
const digitsMax = 64;

function readInteger(value: Value, call: Called): number {
  if (typeof value === 'number') return Math.trunc(value);
  const number =
    typeof value === 'string' && value.length <= digitsMax && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : NaN;
  return Number.isSafeInteger(number) ? number : mismatch(call, 'a whole number, or its text, is needed');
}

function range(given: readonly Value[], call: Called): Value {
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

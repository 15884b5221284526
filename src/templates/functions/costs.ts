import { pay, payLookUp, paySearch, payShallow, spend } from '../budget.ts';
import type { Budget } from '../budget.ts';
import { isArray, isObject } from '../value.ts';
import type { Value } from '../value.ts';

/** Charges a function for its arguments before it reads them. Its result is paid for afterwards. */
type Cost = (given: readonly Value[], budget: Budget) => void;

/** The function reads the arguments and, of arrays and objects, what is directly in them. */
const shallow: Cost = (given, budget) => {
  for (const value of given) payShallow(budget, value);
};

/** The function reads everything in the arguments. */
const deep: Cost = (given, budget) => {
  for (const value of given) pay(budget, value);
};

/** The function handles each character separately: it encodes or hashes it, or may split the string there. */
const characters: Cost = (given, budget) => {
  for (const value of given) {
    if (typeof value === 'string') spend(budget, 1 + value.length);
    else pay(budget, value);
  }
};

/** The function has a fixed cost, also for short arguments: a date is parsed and formatted, a digest is started and printed. */
const fixed =
  (steps: number): Cost =>
  (given, budget) => {
    spend(budget, steps);
    characters(given, budget);
  };

/** The length of a number that is searched for in a string. */
const number = { length: 24 };

/** The function searches the first argument for the second: a string in a string, a name in an object, or a value in an array. */
const search: Cost = (given, budget) => {
  const [within = null, wanted = null] = given;
  if (typeof within === 'string') paySearch(budget, within, typeof wanted === 'string' ? wanted : number);
  else if (isObject(within) && typeof wanted === 'string') payLookUp(budget, within, wanted);
  else deep(given, budget);
};

/** The function searches from the end, and compares the whole second argument at each position. */
const searchBackwards: Cost = (given, budget) => {
  const [within = null, wanted = null] = given;
  if (typeof within === 'string' && typeof wanted === 'string') {
    spend(budget, 1 + (within.length / 32) * (1 + wanted.length / 8));
  } else deep(given, budget);
};

/** The function goes over the first argument once for each separator in the second. */
const cuts: Cost = (given, budget) => {
  const [of = null, by = null] = given;
  characters([of], budget);
  payShallow(budget, by);
  if (typeof of !== 'string') return;
  for (const sign of isArray(by) ? by : [by]) if (typeof sign === 'string') paySearch(budget, of, sign);
};

/** The function sorts the names of an object. */
const names: Cost = (given, budget) => {
  for (const value of given) {
    payShallow(budget, value);
    if (isObject(value)) spend(budget, 16 * Object.keys(value).length);
  }
};

/** The function looks up a name at each step of the path. */
const path: Cost = ([of = null, ...steps], budget) => {
  shallow(steps, budget);
  payShallow(budget, of);
};

/** The values are paid for as often as the format uses them. */
const pattern: Cost = ([text = null], budget) => characters([text], budget);

/**
 * By function name in lower case. A function that is not listed pays for everything in its arguments, which is always
 * enough for one pass over them.
 */
const costs: ReadonlyMap<string, Cost> = new Map([
  ...rows(shallow, [
    'array createArray createObject concat empty length first last skip take',
    'min max int range add sub mul div mod',
    'less lessOrEquals greater greaterOrEquals not bool true false null',
    'toLower toUpper trim startsWith endsWith substring padLeft',
    'parameters variables copyIndex lambdaVariables reference references resourceInfo',
  ]),
  ...rows(characters, [
    'base64 base64ToString base64ToJson json uri uriComponent uriComponentToString dataUri dataUriToString',
    'resourceId subscriptionResourceId tenantResourceId extensionResourceId',
  ]),
  ...rows(fixed(60), ['utcNow newGuid dateTimeAdd dateTimeToEpoch dateTimeFromEpoch uniqueString']),
  ...rows(fixed(120), ['guid']),
  ...rows(search, ['contains indexOf replace']),
  ...rows(searchBackwards, ['lastIndexOf']),
  ...rows(cuts, ['split']),
  ...rows(pattern, ['format']),
  ...rows(names, ['items objectKeys']),
  ...rows(path, ['tryGet']),
]);

function rows(cost: Cost, functions: readonly string[]): readonly (readonly [string, Cost])[] {
  return functions.flatMap((line) => line.split(' ')).map((name) => [name.toLowerCase(), cost]);
}

/** @throws {TemplateRefused} when the arguments cost more than is left */
export function payFor(name: string, given: readonly Value[], budget: Budget): void {
  (costs.get(name) ?? deep)(given, budget);
}

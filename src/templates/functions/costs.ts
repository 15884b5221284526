import { pay, payLookUp, paySearch, payShallow, spend } from '../budget.ts';
import type { Budget } from '../budget.ts';
import { isArray, isObject } from '../value.ts';
import type { Value } from '../value.ts';

/** What a function pays for its arguments before it looks at them. What it makes of them is paid for afterwards. */
type Cost = (given: readonly Value[], budget: Budget) => void;

/** It looks at the arguments themselves and, of arrays and objects, at what is directly in them. */
const shallow: Cost = (given, budget) => {
  for (const value of given) payShallow(budget, value);
};

/** It looks at all that is in them. */
const deep: Cost = (given, budget) => {
  for (const value of given) pay(budget, value);
};

/** It does something with each character by itself: encodes it, hashes it, or cuts the text there. */
const characters: Cost = (given, budget) => {
  for (const value of given) {
    if (typeof value === 'string') spend(budget, 1 + value.length);
    else pay(budget, value);
  }
};

/** It costs so much however short its arguments are: a date is parsed and written, a digest is begun and written out. */
const fixed =
  (steps: number): Cost =>
  (given, budget) => {
    spend(budget, steps);
    characters(given, budget);
  };

/** A number is looked for in a text as it is written. */
const number = { length: 24 };

/** It looks for the second in the first: a text in a text, a name in an object, or a value in an array. */
const search: Cost = (given, budget) => {
  const [within = null, wanted = null] = given;
  if (typeof within === 'string') paySearch(budget, within, typeof wanted === 'string' ? wanted : number);
  else if (isObject(within) && typeof wanted === 'string') payLookUp(budget, within, wanted);
  else deep(given, budget);
};

/** It looks from the end, and compares the whole of the second at each place. */
const searchBackwards: Cost = (given, budget) => {
  const [within = null, wanted = null] = given;
  if (typeof within === 'string' && typeof wanted === 'string') {
    spend(budget, 1 + (within.length / 32) * (1 + wanted.length / 8));
  } else deep(given, budget);
};

/** It goes over the first once for each of the second. */
const cuts: Cost = (given, budget) => {
  const [of = null, by = null] = given;
  characters([of], budget);
  payShallow(budget, by);
  if (typeof of !== 'string') return;
  for (const sign of isArray(by) ? by : [by]) if (typeof sign === 'string') paySearch(budget, of, sign);
};

/** It sorts the names of its object. */
const names: Cost = (given, budget) => {
  for (const value of given) {
    payShallow(budget, value);
    if (isObject(value)) spend(budget, 16 * Object.keys(value).length);
  }
};

/** A step down the path is a look-up of its name. */
const path: Cost = ([of = null, ...steps], budget) => {
  shallow(steps, budget);
  payShallow(budget, of);
};

/** The values are paid for where the format has them, as often as it has them. */
const pattern: Cost = ([text = null], budget) => characters([text], budget);

/**
 * By the function's name in lower case. Whatever is not here pays for all that is in its arguments, which is never too
 * little for one pass over them.
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

/** @throws {TemplateRefused} when the arguments are more than the budget has left */
export function payFor(name: string, given: readonly Value[], budget: Budget): void {
  (costs.get(name) ?? deep)(given, budget);
}

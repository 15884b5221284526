import { refuse } from './refusal.ts';
import { depthMax, isArray, isObject } from './value.ts';
import type { Value, ValueObject } from './value.ts';
import type { Expression } from './expression.ts';

/** What one deployment may cost, with the deployments nested in it. It shrinks. */
export interface Allowance {
  steps: number;
  /** Milliseconds that its evaluations may take together. */
  ms: number;
  /** Milliseconds on a clock that only goes forward. */
  readonly clock: () => number;
  /** Expressions by their text, each read once. */
  readonly expressions: Map<string, Expression>;
  /** So many characters of further expressions are kept. */
  keptCharacters: number;
}

/** What an evaluation may still cost: that of the plan, of a resource's body or of the outputs. One deployment has one of these. */
export interface Budget {
  left: number;
  /** When it must be over, on the allowance's clock. */
  endsAt: number;
  /** Steps until the clock is looked at. */
  untilLook: number;
  /** How many values and calls it is inside of. */
  depth: number;
  readonly allowance: Allowance;
}

/**
 * A step is what takes some 50 ns: a value that is looked at, 32 characters that are copied. So an evaluation holds the
 * thread for some 50 ms, and the clock is for machines that are slow, and for mistakes in the table of costs. The
 * largest template that Azure allows needs some 200,000 for its plan.
 */
const limits = { steps: 1_000_000, allSteps: 40_000_000, ms: 1_000, allMs: 10_000 } as const;

/** Steps between two looks at the clock: a millisecond. */
const lookEvery = 20_000;

/** The stack has room for some times as many. */
const evaluationDepthMax = 300;

/** Characters that are worth a step when they are copied or compared in one go. */
export const charactersAStep = 32;

/** Of a deployment's expressions; what Azure's largest template has in all is four times as much. */
const keptCharactersMax = 1 << 18;

export function newAllowance(clock: () => number): Allowance {
  return { steps: limits.allSteps, ms: limits.allMs, clock, expressions: new Map(), keptCharacters: keptCharactersMax };
}

export function newBudget(allowance: Allowance): Budget {
  const budget = { left: 0, endsAt: 0, untilLook: 0, depth: 0, allowance };
  refill(budget);
  return budget;
}

function refill(budget: Budget): void {
  const { steps, ms, clock } = budget.allowance;
  budget.left = Math.min(limits.steps, steps);
  budget.endsAt = clock() + Math.min(limits.ms, ms);
  budget.untilLook = lookEvery;
  budget.depth = 0;
}

/** Runs one evaluation, and takes what it took from what the deployment may take. */
export function evaluation<T>(budget: Budget, evaluate: () => T): T {
  const { allowance } = budget;
  refill(budget);
  const [given, startedAt] = [budget.left, allowance.clock()];
  try {
    return evaluate();
  } finally {
    allowance.steps -= given - Math.max(0, budget.left);
    allowance.ms -= allowance.clock() - startedAt;
  }
}

/** @throws {TemplateRefused} when the budget is used up, or the time */
export function spend(budget: Budget, steps: number): void {
  budget.left -= steps;
  if (!(budget.left >= 0))
    refuse('The template is too large to evaluate: it makes too many values, or values that are too large.');
  budget.untilLook -= steps;
  if (budget.untilLook > 0) return;
  budget.untilLook = lookEvery;
  if (budget.allowance.clock() > budget.endsAt) {
    refuse('The template took too long to evaluate: it does too much, or the server is too busy.');
  }
}

/** Counts one value or call that is entered; the caller takes it back when it is left. */
export function enter(budget: Budget): void {
  spend(budget, 1);
  budget.depth += 1;
  if (budget.depth > evaluationDepthMax) {
    refuse(
      `The template is nested too deeply: its expressions and values are more than ${evaluationDepthMax} levels deep.`,
    );
  }
}

export function costOfText(text: string): number {
  return 1 + text.length / charactersAStep;
}

/** Pays for looking at a value without what is inside of its items or members. */
export function payShallow(budget: Budget, value: Value): void {
  if (typeof value === 'string') spend(budget, costOfText(value));
  else if (isArray(value)) spend(budget, 1 + value.length);
  else if (isObject(value)) payNames(budget, value);
  else spend(budget, 1);
}

function payNames(budget: Budget, object: ValueObject): void {
  const names = Object.keys(object);
  spend(budget, 1 + names.length);
  for (const name of names) spend(budget, costOfText(name));
}

/**
 * Pays for a value, down to its leaves, so that a value which shares its parts costs what it will be when written out.
 * @throws {TemplateRefused} also when it is nested too deeply
 */
export function pay(budget: Budget, value: Value, depth = 0): void {
  if (depth > depthMax) refuse(`The template makes a value that is nested more than ${depthMax} deep.`);
  if (isArray(value)) {
    spend(budget, 1);
    for (const item of value) pay(budget, item, depth + 1);
  } else if (isObject(value)) {
    payNames(budget, value);
    for (const item of Object.values(value)) pay(budget, item, depth + 1);
  } else payShallow(budget, value);
}

/** A member of an object as `memberOf` finds it; all names are looked at where none is spelt as the one that is wanted. */
export function payLookUp(budget: Budget, object: ValueObject, name: string): void {
  spend(budget, costOfText(name));
  if (!Object.hasOwn(object, name)) payNames(budget, object);
}

/** Pays for a search of `pattern` in `text`: in the worst case each place is compared with a part of the pattern. */
export function paySearch(
  budget: Budget,
  text: { readonly length: number },
  pattern: { readonly length: number },
): void {
  spend(budget, 1 + (text.length / charactersAStep) * (1 + pattern.length / 64));
}

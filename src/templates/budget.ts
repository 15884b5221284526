import { refuse } from './refusal.ts';
import { depthMax, isArray, isObject } from './value.ts';
import type { Value, ValueObject } from './value.ts';
import type { Expression } from './expression.ts';

/** The steps and time that one deployment may still use, together with the deployments nested in it. It is mutable. */
export interface Allowance {
  steps: number;
  /** The milliseconds that all its evaluations may take together. */
  ms: number;
  /** A monotonic clock, in milliseconds. */
  readonly clock: () => number;
  /** The parsed expressions by their source, so that each is parsed once. */
  readonly expressions: Map<string, Expression>;
  /** How many characters of further expressions are kept. */
  keptCharacters: number;
}

/** The steps and time for one evaluation: of the plan, of a resource's body or of the outputs. A deployment has one, which is refilled. */
export interface Budget {
  left: number;
  /** The time at which it must end, on the allowance's clock. */
  endsAt: number;
  /** The steps until the clock is read again. */
  untilLook: number;
  /** How many values and calls it is inside. */
  depth: number;
  readonly allowance: Allowance;
}

/**
 * A step takes about 50 ns: to read a value, or to copy 32 characters. So an evaluation holds the thread for about 50 ms;
 * the time limit is for slow machines, and for errors in the table of costs. The plan of the largest template that Azure
 * allows needs about 200,000 steps.
 */
const limits = { steps: 1_000_000, allSteps: 40_000_000, ms: 1_000, allMs: 10_000 } as const;

/** The steps between two readings of the clock: about a millisecond. */
const lookEvery = 20_000;

/** The stack has room for several times as many. */
const evaluationDepthMax = 300;

/** How many characters cost one step when they are copied or compared in one go. */
export const charactersPerStep = 32;

/** The characters of a deployment's expressions that are kept. Azure's largest template has four times as many in all. */
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

/** Runs one evaluation, and subtracts what it used from the deployment's allowance. */
export function runEvaluation<T>(budget: Budget, evaluate: () => T): T {
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

/** @throws {TemplateRefused} when the steps or the time are used up */
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

/** Counts a value or call that is entered. The caller decrements the depth when it is left. */
export function enter(budget: Budget): void {
  spend(budget, 1);
  budget.depth += 1;
  if (budget.depth > evaluationDepthMax) {
    refuse(
      `The template is nested too deeply: its expressions and values are more than ${evaluationDepthMax} levels deep.`,
    );
  }
}

export function costOfString(value: string): number {
  return 1 + value.length / charactersPerStep;
}

/** Pays for reading a value, but not for the contents of its items or members. */
export function payShallow(budget: Budget, value: Value): void {
  if (typeof value === 'string') spend(budget, costOfString(value));
  else if (isArray(value)) spend(budget, 1 + value.length);
  else if (isObject(value)) payNames(budget, value);
  else spend(budget, 1);
}

function payNames(budget: Budget, object: ValueObject): void {
  const names = Object.keys(object);
  spend(budget, 1 + names.length);
  for (const name of names) spend(budget, costOfString(name));
}

/**
 * Pays for a value with everything in it. A part that occurs several times is paid for each time, as it is written out
 * each time.
 * @throws {TemplateRefused} also when it is nested too deeply
 */
export function pay(budget: Budget, value: Value, depth = 0): void {
  if (depth > depthMax) refuse(`The template creates a value that is nested more than ${depthMax} deep.`);
  if (isArray(value)) {
    spend(budget, 1);
    for (const item of value) pay(budget, item, depth + 1);
  } else if (isObject(value)) {
    payNames(budget, value);
    for (const item of Object.values(value)) pay(budget, item, depth + 1);
  } else payShallow(budget, value);
}

/** Pays for looking up a member as `memberOf` does, which compares all names if none has exactly this spelling. */
export function payLookUp(budget: Budget, object: ValueObject, name: string): void {
  spend(budget, costOfString(name));
  if (!Object.hasOwn(object, name)) payNames(budget, object);
}

/** Pays for a search of `pattern` in `subject`: in the worst case part of the pattern is compared at each position. */
export function paySearch(
  budget: Budget,
  subject: { readonly length: number },
  pattern: { readonly length: number },
): void {
  spend(budget, 1 + (subject.length / charactersPerStep) * (1 + pattern.length / 64));
}

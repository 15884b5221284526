import type { Expression } from '../expression.ts';
import { costOfString, spend } from '../budget.ts';
import type { Budget } from '../budget.ts';
import type { Frame } from '../frame.ts';
import { refuse } from '../refusal.ts';
import { isArray, isObject } from '../value.ts';
import type { Value } from '../value.ts';
import { boolean } from './function.ts';

type Evaluate = (expression: Expression, frame: Frame) => Value;

/** A function that decides which of its arguments are evaluated, and in which frame. */
interface Form {
  readonly arity: readonly [number, number];
  readonly run: (given: readonly Expression[], frame: Frame, evaluate: Evaluate) => Value;
  /** `true` if the result is a new value, rather than one of the evaluated values. */
  readonly makes?: true;
}

const absent: Expression = { kind: 'call', name: 'null', arguments: [] };

interface Lambda {
  readonly names: readonly string[];
  readonly body: Expression;
}

/** Reads `lambda('a', 'b', body)`, which is allowed only as an argument of the functions below. */
function lambdaOf(expression: Expression, wanted: readonly [number, number], { budget }: Frame): Lambda {
  if (expression.kind !== 'call' || expression.name.toLowerCase() !== 'lambda') {
    return refuse("The template language function expects a lambda: write lambda('item', …).");
  }
  const names = expression.arguments
    .slice(0, -1)
    .map((argument) =>
      argument.kind === 'literal' && typeof argument.value === 'string'
        ? lowerCase(argument.value, budget)
        : refuse('The names of the variables of a lambda must be written as strings.'),
    );
  const body = expression.arguments.at(-1);
  if (body === undefined || names.length < wanted[0] || names.length > wanted[1]) {
    return refuse(`The lambda must have ${wanted.join(' or ')} variable(s); it has ${names.length}.`);
  }
  return { names, body };
}

function lowerCase(name: string, budget: Budget): string {
  spend(budget, costOfString(name));
  return name.toLowerCase();
}

function apply({ names, body }: Lambda, values: readonly Value[], { frame, evaluate }: Applied): Value {
  spend(frame.budget, 4 + frame.lambda.size);
  const lambda = new Map(frame.lambda);
  for (const [index, name] of names.entries()) lambda.set(name, values[index] ?? null);
  return evaluate(body, { ...frame, lambda });
}

interface Applied {
  readonly frame: Frame;
  readonly evaluate: Evaluate;
}

function itemsOf(expression: Expression, { frame, evaluate }: Applied): readonly Value[] {
  const items = evaluate(expression, frame);
  return isArray(items) ? items : refuse('The template language function expects an array as its first parameter.');
}

function sorted(given: readonly Expression[], applied: Applied): Value {
  const [items, lambda] = [itemsOf(given[0] ?? absent, applied), lambdaOf(given[1] ?? absent, [2, 2], applied.frame)];
  const before = (a: Value, b: Value) => boolean(apply(lambda, [a, b], applied), 'sort');
  return items.toSorted((a, b) => (before(a, b) ? -1 : before(b, a) ? 1 : 0));
}

function reduced(given: readonly Expression[], applied: Applied): Value {
  const lambda = lambdaOf(given[2] ?? absent, [2, 3], applied.frame);
  const items = itemsOf(given[0] ?? absent, applied);
  const first = applied.evaluate(given[1] ?? absent, applied.frame);
  return items.reduce<Value>((result, item, index) => apply(lambda, [result, item, index], applied), first);
}

/** An object with a key, and optionally a value, for each item. */
function keyed(given: readonly Expression[], applied: Applied): Value {
  const key = lambdaOf(given[1] ?? absent, [1, 1], applied.frame);
  const value = given[2] === undefined ? undefined : lambdaOf(given[2], [1, 1], applied.frame);
  return Object.fromEntries(
    itemsOf(given[0] ?? absent, applied).map((item) => {
      const name = apply(key, [item], applied);
      if (typeof name !== 'string') return refuse("The keys of 'toObject' must be strings.");
      return [name, value === undefined ? item : apply(value, [item], applied)];
    }),
  );
}

function mapped(given: readonly Expression[], applied: Applied): Value {
  const lambda = lambdaOf(given[1] ?? absent, [1, 2], applied.frame);
  return itemsOf(given[0] ?? absent, applied).map((item, index) => apply(lambda, [item, index], applied));
}

function filtered(given: readonly Expression[], applied: Applied): Value {
  const lambda = lambdaOf(given[1] ?? absent, [1, 2], applied.frame);
  return itemsOf(given[0] ?? absent, applied).filter((item, index) =>
    boolean(apply(lambda, [item, index], applied), 'filter'),
  );
}

function mappedValues(given: readonly Expression[], applied: Applied): Value {
  const of = applied.evaluate(given[0] ?? absent, applied.frame);
  const lambda = lambdaOf(given[1] ?? absent, [1, 1], applied.frame);
  if (!isObject(of)) return refuse("The template language function 'mapValues' expects an object.");
  return Object.fromEntries(Object.entries(of).map(([name, value]) => [name, apply(lambda, [value], applied)]));
}

/** Logical functions stop when their result is known; the others run a lambda for each item. */
export const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  [
    'if',
    {
      arity: [3, 3],
      run: ([condition = absent, yes = absent, no = absent], frame, evaluate) =>
        evaluate(boolean(evaluate(condition, frame), 'if') ? yes : no, frame),
    },
  ],
  [
    'and',
    {
      arity: [2, Infinity],
      run: (given, frame, evaluate) => given.every((argument) => boolean(evaluate(argument, frame), 'and')),
    },
  ],
  [
    'or',
    {
      arity: [2, Infinity],
      run: (given, frame, evaluate) => given.some((argument) => boolean(evaluate(argument, frame), 'or')),
    },
  ],
  [
    'coalesce',
    {
      arity: [1, Infinity],
      run(given, frame, evaluate) {
        for (const argument of given) {
          const value = evaluate(argument, frame);
          if (value !== null) return value;
        }
        return null;
      },
    },
  ],
  ['map', { arity: [2, 2], makes: true, run: (given, frame, evaluate) => mapped(given, { frame, evaluate }) }],
  ['filter', { arity: [2, 2], makes: true, run: (given, frame, evaluate) => filtered(given, { frame, evaluate }) }],
  ['sort', { arity: [2, 2], makes: true, run: (given, frame, evaluate) => sorted(given, { frame, evaluate }) }],
  ['reduce', { arity: [3, 3], run: (given, frame, evaluate) => reduced(given, { frame, evaluate }) }],
  ['toobject', { arity: [2, 3], makes: true, run: (given, frame, evaluate) => keyed(given, { frame, evaluate }) }],
  [
    'mapvalues',
    { arity: [2, 2], makes: true, run: (given, frame, evaluate) => mappedValues(given, { frame, evaluate }) },
  ],
  [
    'lambda',
    {
      arity: [1, Infinity],
      run: () => refuse('A lambda may only be an argument of map, filter, sort, reduce, toObject or mapValues.'),
    },
  ],
]);

import { isExpression, unescapeLiteral, parseExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import { enter, pay, payLookUp, payShallow, spend } from './budget.ts';
import type { Frame, UserFunction } from './frame.ts';
import { payFor } from './functions/costs.ts';
import { forms } from './functions/forms.ts';
import { functions } from './functions/functions.ts';
import { isLoop, readLoop } from './loop.ts';
import { refuse } from './refusal.ts';
import { isArray, isObject, memberOf, shown, typeName } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/**
 * Evaluates the expressions in a value of the template; an object's `copy` becomes the properties that it describes.
 * @throws {TemplateRefused}
 */
export function evaluateValue(value: Value, frame: Frame): Value {
  const { budget } = frame;
  enter(budget);
  const found = evaluatedValue(value, frame);
  budget.depth -= 1;
  return found;
}

function evaluatedValue(value: Value, frame: Frame): Value {
  if (typeof value === 'string') return evaluateString(value, frame);
  if (isArray(value)) return value.map((item) => evaluateValue(item, frame));
  if (!isObject(value)) return value;
  payShallow(frame.budget, value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) =>
      name === 'copy' && isArray(item) && item.length > 0 && item.every(isLoop)
        ? item.map((loop) => copyOf(loop, frame))
        : [[shown(evaluateString(name, frame)), evaluateValue(item, frame)] as const],
    ),
  );
}

/** Evaluates a string of the template, which may be an expression. */
function evaluateString(source: string, frame: Frame): Value {
  return isExpression(source) ? evaluate(expressionOf(source, frame), frame) : unescapeLiteral(source);
}

/**
 * Parses an expression, once for the whole deployment, because a loop evaluates it many times. The cache is bounded: an
 * expression takes about 30 bytes a character, and many deployments may be in progress.
 */
export function expressionOf(source: string, { budget }: Pick<Frame, 'budget'>): Expression {
  const { expressions } = budget.allowance;
  const known = expressions.get(source);
  if (known !== undefined) return known;
  // Parsing one character takes as long as copying sixteen.
  spend(budget, source.length / 2);
  const expression = parseExpression(source);
  if (source.length <= budget.allowance.keptCharacters) {
    budget.allowance.keptCharacters -= source.length;
    expressions.set(source, expression);
  }
  return expression;
}

/** A property made by a loop: its name, and the array of its `input` evaluated for each index. */
export function copyOf(loop: ValueObject, frame: Frame): readonly [string, Value] {
  const { name, count } = readLoop(loop, frame, evaluateValue);
  const input = loop['input'] ?? null;
  return [name, Array.from({ length: count }, (_, index) => evaluateValue(input, inLoop(frame, name, index)))];
}

/** The frame of one iteration of a loop. */
export function inLoop(frame: Frame, name: string, index: number): Frame {
  return { ...frame, loops: new Map([...frame.loops, [name.toLowerCase(), index], ['', index]]) };
}

/** @throws {TemplateRefused} */
export function evaluate(expression: Expression, frame: Frame): Value {
  const { budget } = frame;
  enter(budget);
  const value = evaluated(expression, frame);
  budget.depth -= 1;
  return value;
}

function evaluated(expression: Expression, frame: Frame): Value {
  if (expression.kind === 'literal') return expression.value;
  if (expression.kind === 'call') return call(expression, frame);
  const of = evaluate(expression.of, frame);
  const by = expression.kind === 'member' ? expression.name : evaluate(expression.by, frame);
  if (isObject(of) && typeof by === 'string') payLookUp(frame.budget, of, by);
  const found = itemOf(of, by);
  if (found !== undefined) return found;
  if (expression.safe) return null;
  return refuse(missing(of, by));
}

function call(expression: Extract<Expression, { kind: 'call' }>, frame: Frame): Value {
  const { name } = expression;
  const key = name.toLowerCase();
  const form = forms.get(key);
  if (form !== undefined) {
    checkArity(name, form.arity, expression.arguments.length);
    const value = form.run(expression.arguments, frame, evaluate);
    if (form.makes === true) pay(frame.budget, value);
    return value;
  }
  const given = expression.arguments.map((argument) => evaluate(argument, frame));
  const own = frame.functions.get(key);
  if (own !== undefined) return callOwn(name, own, { given, frame });
  const known = functions.get(key);
  if (known === undefined) {
    return refuse(
      `The template function '${name}' is not valid. Please see https://aka.ms/arm-functions for usage details.`,
    );
  }
  checkArity(name, known.arity, given.length);
  payFor(key, given, frame.budget);
  const value = known.run(given, { frame, name });
  if (known.makes !== false) pay(frame.budget, value);
  return value;
}

/** Calls a function of the template, which can use its parameters only ("User-defined functions"). */
function callOwn(
  name: string,
  own: UserFunction,
  { given, frame }: { readonly given: readonly Value[]; readonly frame: Frame },
): Value {
  checkArity(name, [own.parameters.length, own.parameters.length], given.length);
  spend(frame.budget, own.parameters.length);
  const values = new Map(own.parameters.map((parameter, index) => [parameter, given[index] ?? null]));
  const refused = (what: string) =>
    refuse(`The function '${name}' cannot use ${what}: it can use its parameters only.`);
  return evaluateValue(own.output, {
    scope: frame.scope,
    budget: frame.budget,
    parameter: (asked) => values.get(asked.toLowerCase()) ?? refused(`the parameter '${asked}'`),
    variable: (asked) => refused(`the variable '${asked}'`),
    functions: new Map(),
    loops: new Map(),
    lambda: new Map(),
    inDefault: false,
  });
}

function checkArity(name: string, [least, most]: readonly [number, number], given: number): void {
  if (given >= least && given <= most) return;
  const wanted = least === most ? `${least}` : most === Infinity ? `${least} or more` : `${least} to ${most}`;
  refuse(
    `Unable to evaluate template language function '${name}': function requires ${wanted} argument(s) while ${given} were provided. Please see https://aka.ms/arm-functions for usage details.`,
  );
}

function itemOf(of: Value, by: Value): Value | undefined {
  if (isObject(of) && typeof by === 'string') return memberOf(of, by);
  if (isArray(of) && typeof by === 'number') return of[by];
  return undefined;
}

function missing(of: Value, by: Value): string {
  const help = 'Please see https://aka.ms/arm-template-expressions for usage details.';
  if (isObject(of)) {
    const names = Object.keys(of).slice(0, 30).join(', ');
    return `The language expression property '${shown(by)}' doesn't exist, available properties are '${names}'.`;
  }
  if (isArray(of)) {
    return `The language expression property array index '${shown(by)}' is out of bounds.`;
  }
  return `The template language expression property '${shown(by)}' can't be evaluated, property access is not possible on a value of type '${typeName(of)}'. ${help}`;
}

import { costOfText, spend } from './budget.ts';
import { evaluate, expressionOf } from './evaluate.ts';
import { isExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import type { Frame } from './frame.ts';
import type { PlannedResource } from './plan.ts';
import { outcomeOf, refuse } from './refusal.ts';
import { scopeId } from './resource-id.ts';
import type { Standing } from './resource-id.ts';
import type { Template } from './template.ts';
import type { Value, ValueObject } from './value.ts';

/** The resources of a template by the ways in which it may name them. */
export interface Directory {
  /** Symbolic names, and names of loops. */
  readonly symbols: ReadonlyMap<string, readonly PlannedResource[]>;
  readonly keys: ReadonlyMap<string, readonly PlannedResource[]>;
  /** `kv/one`, with the type before it or not. */
  readonly names: ReadonlyMap<string, readonly PlannedResource[]>;
}

export function directoryOf(resources: readonly PlannedResource[]): Directory {
  return {
    symbols: by(resources, ({ symbol, loop }) => [symbol, loop]),
    keys: by(resources, ({ key }) => [key]),
    names: by(resources, ({ name, type }) => [name, `${type}/${name}`]),
  };
}

function by(
  resources: readonly PlannedResource[],
  namesOf: (resource: PlannedResource) => readonly (string | undefined)[],
): ReadonlyMap<string, readonly PlannedResource[]> {
  const found = new Map<string, PlannedResource[]>();
  for (const resource of resources) {
    for (const name of new Set(namesOf(resource).map((each) => each?.toLowerCase()))) {
      if (name === undefined) continue;
      const others = found.get(name);
      if (others === undefined) found.set(name, [resource]);
      else others.push(resource);
    }
  }
  return found;
}

/** The resources that a text names: by symbol, id, name, or the name of their loop. */
export function namedBy(wanted: string, standing: Standing, directory: Directory): readonly PlannedResource[] {
  const lower = wanted.toLowerCase();
  const symbols = directory.symbols.get(lower);
  if (symbols !== undefined) return symbols;
  const key = wanted.includes('/') ? scopeId(wanted, standing).toLowerCase() : lower;
  return directory.keys.get(key) ?? directory.names.get(lower) ?? [];
}

/** What the dependencies of a template's resources are found by. */
export interface Known {
  readonly directory: Directory;
  /** The names of the template's loops, in lower case. */
  readonly loops: ReadonlySet<string>;
  readonly references: (body: ValueObject, frame: Frame) => readonly Expression[];
}

/**
 * The keys of the resources that come before one: those that its `dependsOn` names, and those of the same template that
 * its body refers to ("Define the order for deploying resources in ARM templates").
 *
 * @throws {TemplateRefused} when `dependsOn` names what the template does not have
 */
export function dependenciesOf(
  resource: PlannedResource,
  { directory, loops, references }: Known,
): ReadonlySet<string> {
  const needed = new Set<string>();
  const { budget } = resource.frame;
  const find = (wanted: string) => {
    // It is brought to lower case, and made an id of.
    spend(budget, 4 * costOfText(wanted));
    const found = namedBy(wanted, resource.standing, directory);
    spend(budget, 4 * found.length);
    for (const { key } of found) needed.add(key);
    return found;
  };
  for (const wanted of resource.dependsOn) {
    // A loop may count to none.
    if (find(wanted).length === 0 && !loops.has(wanted.toLowerCase())) {
      refuse(
        `The resource '${wanted}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
      );
    }
  }
  for (const first of references(resource.body, resource.frame)) {
    const { depth } = budget;
    const wanted = outcomeOf(() => evaluate(first, resource.frame));
    budget.depth = depth;
    // What cannot be known yet is no reason to go on when the budget is used up.
    spend(budget, 1);
    if (wanted.ok && typeof wanted.value === 'string') find(wanted.value);
  }
  needed.delete(resource.key);
  return needed;
}

/** The names of the loops of a template, which may count to none. */
export function loopNames({ resources }: Template): ReadonlySet<string> {
  const names = resources.flatMap(({ symbol, copy }) => (copy === undefined ? [] : [symbol, copy['name']]));
  return new Set(names.filter((name) => typeof name === 'string').map((name) => name.toLowerCase()));
}

/** What the references in a body are called for; the body of a loop's resources is read once. */
export function referencesIn(): Known['references'] {
  const known = new Map<ValueObject, readonly Expression[]>();
  return (body, frame) => {
    const before = known.get(body);
    if (before !== undefined) return before;
    const expressions: Expression[] = [];
    collectExpressions(body, frame, expressions);
    const found = expressions.flatMap(referredBy);
    known.set(body, found);
    return found;
  };
}

function collectExpressions(value: Value, frame: Frame, into: Expression[]): void {
  spend(frame.budget, 1);
  if (typeof value === 'string') {
    if (isExpression(value)) into.push(expressionOf(value, frame));
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectExpressions(item, frame, into);
  }
}

/** What `reference` is called for inside an expression, where that may be known before anything is made. */
function referredBy(expression: Expression): readonly Expression[] {
  if (expression.kind === 'literal') return [];
  if (expression.kind !== 'call') {
    return [...referredBy(expression.of), ...(expression.kind === 'index' ? referredBy(expression.by) : [])];
  }
  const inside = expression.arguments.flatMap(referredBy);
  const [first] = expression.arguments;
  return first !== undefined && /^references?$/i.test(expression.name) ? [...inside, first] : inside;
}

import { costOfString, spend } from './budget.ts';
import { evaluate, expressionOf } from './evaluate.ts';
import { isExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import type { Frame } from './frame.ts';
import type { PlannedResource } from './plan.ts';
import { outcomeOf, refuse } from './refusal.ts';
import { scopeId } from './resource-id.ts';
import type { Placement } from './resource-id.ts';
import type { Template } from './template.ts';
import type { Value, ValueObject } from './value.ts';

/** The resources of a template by every name that refers to them. */
export interface ResourceIndex {
  /** By symbolic name, or name of a loop. */
  readonly symbols: ReadonlyMap<string, readonly PlannedResource[]>;
  readonly keys: ReadonlyMap<string, readonly PlannedResource[]>;
  /** By `kv/one`, with or without the type before it. */
  readonly names: ReadonlyMap<string, readonly PlannedResource[]>;
}

export function indexResources(resources: readonly PlannedResource[]): ResourceIndex {
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

/** The resources with this name: a symbolic name, an id, a name, or the name of a loop. */
export function resourcesNamed(wanted: string, placement: Placement, index: ResourceIndex): readonly PlannedResource[] {
  const lower = wanted.toLowerCase();
  const symbols = index.symbols.get(lower);
  if (symbols !== undefined) return symbols;
  const key = wanted.includes('/') ? scopeId(wanted, placement).toLowerCase() : lower;
  return index.keys.get(key) ?? index.names.get(lower) ?? [];
}

/** The data for finding the dependencies of a template's resources. */
export interface DependencySources {
  readonly index: ResourceIndex;
  /** The names of the template's loops, in lower case. */
  readonly loops: ReadonlySet<string>;
  readonly references: (body: ValueObject, frame: Frame) => readonly Expression[];
}

/**
 * The keys of the resources that must be deployed before this one: those in its `dependsOn`, and those of the same template
 * that its body refers to ("Define the order for deploying resources in ARM templates").
 *
 * @throws {TemplateRefused} when `dependsOn` names a resource that the template does not have
 */
export function dependenciesOf(
  resource: PlannedResource,
  { index, loops, references }: DependencySources,
): ReadonlySet<string> {
  const needed = new Set<string>();
  const { budget } = resource.frame;
  const find = (wanted: string) => {
    // The name is converted to lower case, and to an id.
    spend(budget, 4 * costOfString(wanted));
    const found = resourcesNamed(wanted, resource.placement, index);
    spend(budget, 4 * found.length);
    for (const { key } of found) needed.add(key);
    return found;
  };
  for (const wanted of resource.dependsOn) {
    // A loop may have no iterations.
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
    // A value that is not known yet is ignored, but not a budget that is used up.
    spend(budget, 1);
    if (wanted.ok && typeof wanted.value === 'string') find(wanted.value);
  }
  needed.delete(resource.key);
  return needed;
}

/** The names of a template's loops, including those without iterations. */
export function loopNames({ resources }: Template): ReadonlySet<string> {
  const names = resources.flatMap(({ symbol, copy }) => (copy === undefined ? [] : [symbol, copy['name']]));
  return new Set(names.filter((name) => typeof name === 'string').map((name) => name.toLowerCase()));
}

/** Finds the arguments of `reference` in a body. The body of a loop's resources is read once. */
export function referencesIn(): DependencySources['references'] {
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

/** The arguments of `reference` inside an expression, which may be known before anything is deployed. */
function referredBy(expression: Expression): readonly Expression[] {
  if (expression.kind === 'literal') return [];
  if (expression.kind !== 'call') {
    return [...referredBy(expression.of), ...(expression.kind === 'index' ? referredBy(expression.by) : [])];
  }
  const inside = expression.arguments.flatMap(referredBy);
  const [first] = expression.arguments;
  return first !== undefined && /^references?$/i.test(expression.name) ? [...inside, first] : inside;
}

import { evaluate } from './evaluate.ts';
import { isExpression, parseExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import { spend } from './frame.ts';
import type { PlannedResource } from './plan.ts';
import { outcomeOf, refuse } from './refusal.ts';
import { scopeId } from './resource-id.ts';
import type { Standing } from './resource-id.ts';
import type { Template } from './template.ts';
import type { Value } from './value.ts';

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

/**
 * The keys of the resources that come before one: those that its `dependsOn` names, and those of the same template that
 * its body refers to ("Define the order for deploying resources in ARM templates").
 *
 * @throws {TemplateRefused} when `dependsOn` names what the template does not have
 */
export function dependenciesOf(
  resource: PlannedResource,
  directory: Directory,
  template: Template,
): ReadonlySet<string> {
  const needed = new Set<string>();
  const add = (found: readonly PlannedResource[]) => {
    spend(resource.frame.budget, found.length);
    for (const { key } of found) needed.add(key);
  };
  for (const wanted of resource.dependsOn) {
    const found = namedBy(wanted, resource.standing, directory);
    // A loop may count to none.
    if (found.length === 0 && !isEmptyLoop(wanted, template)) {
      refuse(
        `The resource '${wanted}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
      );
    }
    add(found);
  }
  for (const expression of expressionsIn(resource.body)) {
    for (const wanted of referredBy(expression, resource)) add(namedBy(wanted, resource.standing, directory));
  }
  needed.delete(resource.key);
  return needed;
}

function isEmptyLoop(wanted: string, { resources }: Template): boolean {
  return resources.some(({ symbol, copy }) => {
    if (copy === undefined) return false;
    return [symbol, copy['name']].some(
      (name) => typeof name === 'string' && name.toLowerCase() === wanted.toLowerCase(),
    );
  });
}

function expressionsIn(value: Value): readonly Expression[] {
  if (typeof value === 'string') return isExpression(value) ? [parseExpression(value)] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(expressionsIn) : [];
}

/** What `reference` is called for inside an expression, where that is known before anything is made. */
function referredBy(expression: Expression, from: PlannedResource): readonly string[] {
  if (expression.kind === 'literal') return [];
  if (expression.kind !== 'call') {
    const inside = expression.kind === 'index' ? referredBy(expression.by, from) : [];
    return [...referredBy(expression.of, from), ...inside];
  }
  const inside = expression.arguments.flatMap((argument) => referredBy(argument, from));
  const [first] = expression.arguments;
  if (first === undefined || !/^references?$/i.test(expression.name)) return inside;
  const wanted = outcomeOf(() => evaluate(first, from.frame));
  return wanted.ok && typeof wanted.value === 'string' ? [...inside, wanted.value] : inside;
}

import { evaluate } from './evaluate.ts';
import { isExpression, parseExpression } from './expression.ts';
import type { Expression } from './expression.ts';
import type { PlannedResource } from './plan.ts';
import { outcomeOf, refuse } from './refusal.ts';
import { scopeId } from './resource-id.ts';
import type { Template } from './template.ts';
import type { Value } from './value.ts';

/**
 * The keys of the resources that come before one: those that its `dependsOn` names, and those of the same template that
 * its body refers to ("Define the order for deploying resources in ARM templates").
 *
 * @throws {TemplateRefused} when `dependsOn` names what the template does not have
 */
export function dependenciesOf(
  resource: PlannedResource,
  all: readonly PlannedResource[],
  template: Template,
): ReadonlySet<string> {
  const named = [...resource.dependsOn].flatMap((wanted) => {
    const found = namedBy(wanted, resource, all);
    // A loop may count to none.
    if (found.length > 0 || isEmptyLoop(wanted, template)) return found;
    return refuse(
      `The resource '${wanted}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage details.`,
    );
  });
  const referred = expressionsIn(resource.body).flatMap((expression) => referredBy(expression, resource, all));
  return new Set([...named, ...referred].map(({ key }) => key).filter((key) => key !== resource.key));
}

/** The resources that a text names: by symbol, id, name, or the name of their loop. */
export function namedBy(
  wanted: string,
  from: PlannedResource,
  all: readonly PlannedResource[],
): readonly PlannedResource[] {
  const lower = wanted.toLowerCase();
  const symbols = all.filter(({ symbol, loop }) => symbol?.toLowerCase() === lower || loop?.toLowerCase() === lower);
  if (symbols.length > 0) return symbols;
  const key = wanted.includes('/') ? scopeId(wanted, from.standing).toLowerCase() : lower;
  const ids = all.filter((other) => other.key === key);
  return ids.length > 0
    ? ids
    : all.filter(({ name, type }) => [name, `${type}/${name}`].some((each) => each.toLowerCase() === lower));
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
function referredBy(
  expression: Expression,
  from: PlannedResource,
  all: readonly PlannedResource[],
): readonly PlannedResource[] {
  if (expression.kind === 'literal') return [];
  if (expression.kind !== 'call') {
    const by = expression.kind === 'index' ? referredBy(expression.by, from, all) : [];
    return [...referredBy(expression.of, from, all), ...by];
  }
  const inside = expression.arguments.flatMap((argument) => referredBy(argument, from, all));
  const [first] = expression.arguments;
  if (first === undefined || !/^references?$/i.test(expression.name)) return inside;
  const wanted = outcomeOf(() => evaluate(first, from.frame));
  return wanted.ok && typeof wanted.value === 'string' ? [...inside, ...namedBy(wanted.value, from, all)] : inside;
}

import { parseFilter as parse } from '../edge/filter.ts';
import type { Filter as Parsed, FilterAnswer } from '../edge/filter.ts';

/** The value of a property, for a filter. */
export type Value = string | boolean | null | undefined | readonly string[];

export type Filter = Parsed;

/** Parses a filter over these properties, in the part of the syntax that az and Az PowerShell use. */
export function parseFilter(expression: string, properties: readonly string[]): FilterAnswer {
  return parse(expression, { properties, operators: ['or', 'not', '(', 'ne', 'in', 'startswith', 'any'] });
}

/** Whether an object matches the filter. Strings are compared without regard to case, as in Graph. */
export function matchesFilter(filter: Filter, read: (property: string) => Value): boolean {
  if (filter.op === 'and' || filter.op === 'or') {
    const matches = (term: Filter) => matchesFilter(term, read);
    return filter.op === 'and' ? filter.terms.every(matches) : filter.terms.some(matches);
  }
  if (filter.op === 'not') return !matchesFilter(filter.term, read);
  if (filter.op === 'function') return false;
  const found = read(filter.property);
  const wanted = folded(filter.value);
  if (filter.op === 'any') return isList(found) && found.some((item) => folded(item) === wanted);
  if (isList(found)) return false;
  if (filter.op === 'eq') return folded(found ?? null) === wanted;
  return typeof found === 'string' && typeof wanted === 'string' && found.toLowerCase().startsWith(wanted);
}

/** Values of these properties of which every matching object has at least one; `undefined` if the filter does not determine any. */
export function requiredValues(filter: Filter, properties: readonly string[]): readonly string[] | undefined {
  if (filter.op === 'and') {
    return filter.terms.map((term) => requiredValues(term, properties)).find((values) => values !== undefined);
  }
  if (filter.op === 'or') {
    const each = filter.terms.map((term) => requiredValues(term, properties));
    return each.every((values) => values !== undefined) ? each.flatMap((values) => values ?? []) : undefined;
  }
  if (filter.op !== 'eq' && filter.op !== 'any') return undefined;
  return properties.includes(filter.property) && typeof filter.value === 'string' ? [filter.value] : undefined;
}

function folded(value: string | boolean | null): string | boolean | null {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

import { parseFilter as parse } from '../edge/filter.ts';
import type { Filter as Parsed, FilterAnswer } from '../edge/filter.ts';

/** What an object shows of a property to a filter. */
export type Value = string | boolean | null | undefined | readonly string[];

export type Filter = Parsed;

/** Reads a filter over these properties, as far as az and Az PowerShell write one. */
export function parseFilter(text: string, properties: readonly string[]): FilterAnswer {
  return parse(text, { properties, operators: ['or', 'not', '(', 'ne', 'in', 'startswith', 'any'] });
}

/** Whether an object with these properties is meant. Texts are compared without regard to case, as Graph does. */
export function matchesFilter(filter: Filter, read: (property: string) => Value): boolean {
  if (filter.op === 'and' || filter.op === 'or') {
    const meant = (term: Filter) => matchesFilter(term, read);
    return filter.op === 'and' ? filter.terms.every(meant) : filter.terms.some(meant);
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

/** The values that some property must have for the filter to hold: one of them is in every object that it means. */
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

import { conjuncts, parseFilter as parse } from '../../edge/filter.ts';
import type { Filter } from '../../edge/filter.ts';

/** The properties of a resource that a filter can test. */
export interface Filtered {
  readonly name: string;
  readonly type: string;
  readonly location?: string;
  readonly resourceGroup: string;
  readonly tags: Readonly<Record<string, string>>;
}

type Condition = (resource: Filtered) => boolean;

export type ParsedFilter =
  | {
      readonly ok: true;
      readonly holds: Condition;
      /** The type that the filter requires, in lower case, if it requires one. */
      readonly type?: string;
    }
  | { readonly ok: false; readonly message: string };

const supported =
  "resourceType, name, resourceGroup, location, tagName, tagValue with eq or ne; substringof('…', name); startswith(tagName, '…'); joined by and";

const fields: Readonly<Record<string, (resource: Filtered) => readonly string[]>> = {
  resourceType: ({ type }) => [type],
  name: ({ name }) => [name],
  resourceGroup: ({ resourceGroup }) => [resourceGroup],
  location: ({ location }) => (location === undefined ? [] : [location]),
  tagName: ({ tags }) => Object.keys(tags),
  tagValue: ({ tags }) => Object.values(tags),
};

/** Compare a resource's value with the wanted one, both in lower case. */
const comparisons = {
  eq: (has: string, wanted: string) => has === wanted,
  ne: (has: string, wanted: string) => has !== wanted,
  startswith: (has: string, wanted: string) => has.startsWith(wanted),
  substringof: (has: string, wanted: string) => has.includes(wanted),
} as const;

interface Term {
  readonly field: string;
  readonly wanted: string;
  readonly by: keyof typeof comparisons;
}

/** Parses the `$filter` of the generic list (Resources - List); refuses every term that it does not know. */
export function parseFilter(filter: string): ParsedFilter {
  if (filter.trim() === '') return { ok: true, holds: () => true };
  const parsed = parse(filter, { properties: Object.keys(fields), operators: ['ne', 'startswith', 'substringof'] });
  const terms = parsed.ok ? conjuncts(parsed.filter).map(termOf) : [undefined];
  if (!terms.every((term) => term !== undefined)) {
    return { ok: false, message: `$filter is '${filter}'; supported is ${supported}.` };
  }
  // If both are given, the value must belong to the tag of that name.
  const tag = terms.find(({ field }) => field === 'tagName');
  const value = terms.find(({ field }) => field === 'tagValue');
  const pair = tag !== undefined && value !== undefined ? [pairOf(tag.wanted, value.wanted)] : [];
  const conditions = [...terms.map(conditionOf), ...pair];
  const type = terms.find(({ field, by }) => field === 'resourceType' && by === 'eq')?.wanted;
  return {
    ok: true,
    holds: (resource) => conditions.every((holds) => holds(resource)),
    ...(type !== undefined && { type }),
  };
}

/** A comparison of a property with a string in lower case; `undefined` for any other term. */
function termOf(filter: Filter): Term | undefined {
  const isNot = filter.op === 'not';
  const compared = isNot ? filter.term : filter;
  if (!('property' in compared) || typeof compared.value !== 'string' || compared.op === 'any') return undefined;
  return { field: compared.property, wanted: compared.value.toLowerCase(), by: isNot ? 'ne' : compared.op };
}

/** A resource with several values, such as tags, matches if one of them does. */
function conditionOf({ field, wanted, by }: Term): Condition {
  const holds = comparisons[by];
  return (resource) => (fields[field]?.(resource) ?? []).some((has) => holds(has.toLowerCase(), wanted));
}

function pairOf(name: string, value: string): Condition {
  return ({ tags }) =>
    Object.entries(tags).some(([tag, has]) => tag.toLowerCase() === name && has.toLowerCase() === value);
}

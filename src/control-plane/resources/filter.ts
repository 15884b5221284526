/** A resource as a filter looks at it. */
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
      /** The one type that it lets through, in lower case, when it says so. */
      readonly type?: string;
    }
  | { readonly ok: false; readonly message: string };

const supported =
  "resourceType, name, resourceGroup, location, tagName, tagValue with eq or ne; substringof('…', name); startswith(tagName, '…'); joined by and";

const fields: Readonly<Record<string, (resource: Filtered) => readonly string[]>> = {
  resourcetype: ({ type }) => [type],
  name: ({ name }) => [name],
  resourcegroup: ({ resourceGroup }) => [resourceGroup],
  location: ({ location }) => (location === undefined ? [] : [location]),
  tagname: ({ tags }) => Object.keys(tags),
  tagvalue: ({ tags }) => Object.values(tags),
};

const text = String.raw`'((?:[^']|'')*)'`;
const comparison = new RegExp(String.raw`^(\w+)\s+(eq|ne)\s+${text}`, 'i');
const substring = new RegExp(String.raw`^substringof\(\s*${text}\s*,\s*(\w+)\s*\)`, 'i');
const beginning = new RegExp(String.raw`^startswith\(\s*(\w+)\s*,\s*${text}\s*\)`, 'i');
const conjunction = /^\s+and\s+/i;

/** Reads `$filter` of the generic list (Resources - List); what it does not know it refuses. */
export function parseFilter(filter: string): ParsedFilter {
  const terms: Term[] = [];
  let rest = filter.trim();
  while (rest !== '') {
    const term = parseTerm(rest);
    if (term === undefined) return unsupported(filter);
    terms.push(term);
    rest = rest.slice(term.length);
    const and = conjunction.exec(rest);
    if (rest.trim() === '') break;
    if (and === null || and[0].length === rest.length) return unsupported(filter);
    rest = rest.slice(and[0].length);
  }
  // A tag's value is that of the tag's name, where both are given.
  const tag = terms.find(({ field }) => field === 'tagname');
  const value = terms.find(({ field }) => field === 'tagvalue');
  const pair = tag !== undefined && value !== undefined ? [pairOf(tag.wanted, value.wanted)] : [];
  const conditions = [...terms.map(({ holds }) => holds), ...pair];
  const type = terms.find(({ field, isEqual }) => field === 'resourcetype' && isEqual)?.wanted.toLowerCase();
  return {
    ok: true,
    holds: (resource) => conditions.every((holds) => holds(resource)),
    ...(type !== undefined && { type }),
  };
}

interface Term {
  readonly length: number;
  readonly field: string;
  readonly wanted: string;
  readonly isEqual: boolean;
  readonly holds: Condition;
}

function parseTerm(rest: string): Term | undefined {
  const compared = comparison.exec(rest);
  if (compared !== null) {
    const [whole, field = '', word = '', quoted = ''] = compared;
    const isEqual = word.toLowerCase() === 'eq';
    return termOf({ whole, field, quoted, isEqual }, (has, wanted) => (has === wanted) === isEqual);
  }
  const [part, partQuoted = '', partField = ''] = substring.exec(rest) ?? [];
  if (part !== undefined) {
    const term = { whole: part, field: partField, quoted: partQuoted, isEqual: false };
    return termOf(term, (has, wanted) => has.includes(wanted));
  }
  const [start, startField = '', startQuoted = ''] = beginning.exec(rest) ?? [];
  if (start === undefined) return undefined;
  const term = { whole: start, field: startField, quoted: startQuoted, isEqual: false };
  return termOf(term, (has, wanted) => has.startsWith(wanted));
}

function termOf(
  found: { readonly whole: string; readonly field: string; readonly quoted: string; readonly isEqual: boolean },
  holds: (has: string, wanted: string) => boolean,
): Term | undefined {
  const field = found.field.toLowerCase();
  const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (read === undefined) return undefined;
  const wanted = found.quoted.replaceAll("''", "'");
  const lower = wanted.toLowerCase();
  return {
    length: found.whole.length,
    field,
    wanted,
    isEqual: found.isEqual,
    holds: (resource) => read(resource).some((has) => holds(has.toLowerCase(), lower)),
  };
}

function pairOf(name: string, value: string): Condition {
  return ({ tags }) =>
    Object.entries(tags).some(
      ([tag, has]) => tag.toLowerCase() === name.toLowerCase() && has.toLowerCase() === value.toLowerCase(),
    );
}

function unsupported(filter: string): ParsedFilter {
  return { ok: false, message: `$filter is '${filter}'; supported is ${supported}.` };
}

import { membersOf, refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

export type Tags = Readonly<Record<string, string>>;

/** Microsoft, "Use tags to organize your Azure resources", "Limitations". */
const tagsMax = 50;
const nameMax = 512;
const valueMax = 256;
const forbidden = /[<>%&\\?/]/;

/** How PATCH combines the tags (Tags - Update At Scope). Names are compared without regard to case. */
const tagOperations: Readonly<Record<string, (before: Tags, given: Tags) => Tags>> = {
  replace: (_, given) => given,
  merge: merged,
  delete: remaining,
};

/**
 * Reads the `tags` of a resource's body. Numbers and booleans become strings, as in Azure's resource manager; anything but
 * an object counts as absent.
 */
export function tagsOfBody(body: Readonly<Record<string, unknown>>): ResourceOutcome<Tags> {
  const tags: [string, string][] = [];
  for (const [name, value] of Object.entries(membersOf(body['tags']))) {
    // String(value) would call the object's own `toString`.
    if (typeof value === 'object' && value !== null) {
      return invalid(`The value of the tag '${name.slice(0, nameMax)}' must be a string.`);
    }
    tags.push([name, String(value)]);
  }
  return boundTags(Object.fromEntries(tags));
}

/** Reads `properties.tags`. Names and values are strings; two names that differ only in case are the same. */
export function readTags(properties: unknown): ResourceOutcome<Tags> {
  const { tags } = membersOf(properties);
  if (tags === undefined || tags === null) return { ok: true, value: {} };
  if (typeof tags !== 'object' || Array.isArray(tags)) return invalid('properties.tags must be an object of strings.');
  const read: Record<string, string> = {};
  const names = new Set<string>();
  for (const [name, value] of Object.entries(tags)) {
    if (typeof value !== 'string') return invalid(`The value of the tag '${name.slice(0, nameMax)}' must be a string.`);
    if (names.has(name.toLowerCase())) return invalid(`The tag '${name.slice(0, nameMax)}' is given twice.`);
    names.add(name.toLowerCase());
    read[name] = value;
  }
  return { ok: true, value: read };
}

/** The tags after `operation` (`Merge`, `Replace` or `Delete`, in any case) with the given ones. */
export function changeTags(
  before: Tags,
  { operation, given }: { readonly operation: unknown; readonly given: Tags },
): ResourceOutcome<Tags> {
  const name = typeof operation === 'string' ? operation.toLowerCase() : '';
  const change = Object.hasOwn(tagOperations, name) ? tagOperations[name] : undefined;
  if (change === undefined) return invalid("operation must be 'Merge', 'Replace' or 'Delete'.");
  return checkTags(change(before, given));
}

/** A tag name in use, with the number of resources that have it, in total and by value. */
export interface TagName {
  readonly name: string;
  readonly count: number;
  /** By value. */
  readonly values: ReadonlyMap<string, number>;
}

/**
 * The tag names in use, in alphabetical order. Names that differ only in case count as one, in the spelling that was found
 * first; values that differ only in case are different.
 */
export function tagNamesOf(all: readonly Tags[]): readonly TagName[] {
  const names = new Map<string, { readonly name: string; readonly values: Map<string, number> }>();
  for (const [name, value] of all.flatMap((tags) => Object.entries(tags))) {
    const key = name.toLowerCase();
    const { values } = names.get(key) ?? { values: new Map<string, number>() };
    values.set(value, (values.get(value) ?? 0) + 1);
    names.set(key, { name: names.get(key)?.name ?? name, values });
  }
  return [...names.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([, { name, values }]) => ({ name, count: [...values.values()].reduce((sum, n) => sum + n, 0), values }));
}

/** Checks the limits, but not the characters of names: the bodies of portals and templates have `hidden-link:/subscriptions/…`. */
function boundTags(tags: Tags): ResourceOutcome<Tags> {
  const entries = Object.entries(tags);
  if (entries.length > tagsMax) {
    return invalid(
      `There would be ${entries.length} tags; a resource, group or subscription can have at most ${tagsMax}.`,
    );
  }
  for (const [name, value] of entries) {
    const shown = name.slice(0, nameMax);
    if (name.length > nameMax) return invalid(nameRule(shown));
    if (value.length > valueMax) {
      return invalid(`The value of the tag '${shown}' has ${value.length} characters; the maximum is ${valueMax}.`);
    }
  }
  return { ok: true, value: tags };
}

function checkTags(tags: Tags): ResourceOutcome<Tags> {
  const odd = Object.keys(tags).find((name) => name === '' || forbidden.test(name));
  return odd === undefined ? boundTags(tags) : invalid(nameRule(odd.slice(0, nameMax)));
}

function nameRule(shown: string): string {
  return `The tag name '${shown}' is invalid: 1 to ${nameMax} characters, none of < > % & \\ ? /.`;
}

/** An existing tag keeps the spelling of its name. */
function merged(before: Tags, given: Tags): Tags {
  const known = new Map(Object.keys(before).map((name) => [name.toLowerCase(), name]));
  const added = Object.entries(given).map(([name, value]) => [known.get(name.toLowerCase()) ?? name, value] as const);
  return { ...before, ...Object.fromEntries(added) };
}

/** Removes a tag whose name is given without a value, or with its current value. */
function remaining(before: Tags, given: Tags): Tags {
  const wanted = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  return Object.fromEntries(
    Object.entries(before).filter(
      ([name, value]) => ![value, ''].includes(wanted.get(name.toLowerCase()) ?? `${value}.`),
    ),
  );
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}

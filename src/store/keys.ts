declare const holds: unique symbol;

/** The key of a record. Its type says what the record holds, so that who reads it gets a `T`; at run time it is a string. */
export type Key<T> = string & { readonly [holds]: T };

/** What the keys of some records of a kind begin with. */
export type Prefix<T> = string & { readonly [holds]: readonly T[] };

/** What is written down about the records of one kind. */
export interface KindFacts {
  /** What their keys begin with, up to a slash; a name in braces stands for one segment: `vault/{incarnation}/secrets/`. */
  readonly pattern: string;
  /** The room whose rules the records follow. */
  readonly owner: string;
  /** What one of them holds, in a few words. */
  readonly holds: string;
}

/** Records of one kind, each of which holds a `T`. */
export interface RecordKind<T> extends KindFacts {
  /** The key with these segments in the place of the pattern's names, and the rest after it. */
  key(...segments: readonly string[]): Key<T>;
  /** The same for the keys that begin so: the segments may be fewer, and nothing is added after the last. */
  prefix(...segments: readonly string[]): Prefix<T>;
}

const known = new Map<string, KindFacts>();

/**
 * Declares a kind of records; every key of the store is made by one. To be called while a module loads, once a pattern.
 * @throws {TypeError} when the pattern is taken
 */
export function recordKind<T>(facts: KindFacts): RecordKind<T> {
  const { pattern } = facts;
  if (known.has(pattern))
    throw new TypeError(`two kinds of records have the pattern ${pattern}: give one of them another`);
  known.set(pattern, facts);
  const fixed = pattern.split(/\{[^}]*\}/);
  const text = (segments: readonly string[]): string => {
    let key = '';
    for (const [index, part] of fixed.entries())
      key += index < fixed.length - 1 ? part + (segments[index] ?? '') : part;
    return key + segments.slice(fixed.length - 1).join('/');
  };
  return {
    ...facts,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a string becomes a key
    key: (...segments) => text(segments) as Key<T>,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    prefix: (...segments) => text(segments) as Prefix<T>,
  };
}

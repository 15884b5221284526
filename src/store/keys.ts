declare const holds: unique symbol;
declare const lists: unique symbol;

/**
 * The key of a record. Its type says what the record holds, so that reading it returns a `T`; at run time it is a
 * string.
 */
export type Key<T> = string & { readonly [holds]: T };

/** The common beginning of the keys of some records of a kind. */
export type Prefix<T> = string & { readonly [lists]: T };

/** The entry of one kind in the map of records (docs/reference/records.md). */
export interface KindFacts {
  /**
   * The beginning of their keys, up to a slash; a name in braces is one segment: `vault/{incarnation}/secrets/`.
   * Without a slash at its end it is the key of the only record.
   */
  readonly pattern: string;
  /** The room whose rules the records follow. */
  readonly owner: string;
  /** The contents of one record, in a few words. */
  readonly holds: string;
}

/** Turns the contents of a record of one version into those of the next version. */
export type Upgrade = (before: never) => unknown;

/** A kind of records, as it is declared. */
export interface DeclaredKind extends KindFacts {
  /** The first upgrades version 1 to version 2, the second version 2 to version 3, and so on. */
  readonly upgrades?: readonly Upgrade[];
}

/** A kind of records of any type. */
export interface KnownKind extends KindFacts {
  /** The version of the records that this code writes: 1, plus 1 for each upgrade. */
  readonly version: number;
  readonly upgrades: readonly Upgrade[];
}

/** Records of one kind, each of which holds a `T`. */
export interface RecordKind<T> extends KnownKind {
  /** The key with these segments in the place of the pattern's names, and the rest after it. */
  key(...segments: readonly string[]): Key<T>;
  /**
   * The beginning of the keys that have these segments in the place of the pattern's first names, and the rest after
   * it.
   */
  prefix(...segments: readonly string[]): Prefix<T>;
}

interface Entry {
  readonly kind: KnownKind;
  /** The length of the pattern before its first name. */
  readonly headLength: number;
  readonly keys: RegExp;
}

const name = /\{[^}]*\}/;
const entries = new Map<string, Entry>();
/** The kinds whose records have had another version. */
const upgraded: Entry[] = [];

/**
 * Declares a kind of records; every key of the store is made by one. Call it while a module loads, once for each
 * pattern.
 * @throws {TypeError} when the pattern is taken
 */
export function recordKind<T>({ upgrades = [], ...facts }: DeclaredKind): RecordKind<T> {
  const kind = { ...facts, upgrades, version: upgrades.length + 1 };
  declare(kind);
  const [head = '', ...after] = facts.pattern.split(name);
  const text = (segments: readonly string[]): string => {
    let key = head;
    let index = 0;
    for (const segment of segments) {
      if (index < after.length) key += segment + after[index];
      else key += index > after.length ? `/${segment}` : segment;
      index += 1;
    }
    return key;
  };
  return {
    ...kind,
    key(...segments) {
      if (segments.length < after.length) throw new TypeError(`a key of ${facts.pattern} needs ${after.length} names`);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a string becomes a key
      return text(segments) as Key<T>;
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
    prefix: (...segments) => text(segments) as Prefix<T>,
  };
}

function declare(kind: KnownKind): void {
  const { pattern } = kind;
  if (entries.has(pattern)) {
    throw new TypeError(`two kinds of records have the pattern ${pattern}: give one of them another`);
  }
  const parts = pattern.split(name);
  const keys = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('[^/]+');
  const end = pattern.endsWith('/') ? '' : '$';
  const entry = { kind, headLength: parts[0]?.length ?? 0, keys: new RegExp(`^${keys}${end}`) };
  entries.set(pattern, entry);
  if (kind.version > 1) upgraded.push(entry);
}

/** All kinds that the loaded modules declare, in the order of their patterns. */
export function knownKinds(): readonly KnownKind[] {
  return [...entries.values()].map(({ kind }) => kind).toSorted((a, b) => (a.pattern < b.pattern ? -1 : 1));
}

/** The kind whose pattern matches the key; if several do, the one with the longest part before its first name. */
export function kindOf(key: string): KnownKind | undefined {
  let best: Entry | undefined;
  for (const entry of entries.values()) {
    if (entry.keys.test(key) && entry.headLength > (best?.headLength ?? -1)) best = entry;
  }
  return best?.kind;
}

/** Like `kindOf`, but only for kinds that have had more than one version; it is cheap, because few kinds have. */
export function upgradedKindOf(key: string): KnownKind | undefined {
  for (const { keys } of upgraded) {
    if (!keys.test(key)) continue;
    const kind = kindOf(key);
    return kind !== undefined && kind.version > 1 ? kind : undefined;
  }
  return undefined;
}

/**
 * The format of all records: 1, plus 1 for each upgrade of a kind. Two releases with the same format can read each
 * other's records.
 */
export function dataFormat(): number {
  return upgraded.reduce((format, { kind }) => format + kind.upgrades.length, 1);
}

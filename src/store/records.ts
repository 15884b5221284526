import { kindOf, upgradedKindOf } from './keys.ts';
import type { Key, KnownKind, Prefix } from './keys.ts';
import { Unreadable } from './store.ts';
import type { List, Put, Read, ReadResult, Requirement, Store, StoredRecord, Version } from './store.ts';

/** A record that was read, with what it holds. */
export interface Stored<T> {
  readonly key: Key<T>;
  readonly version: Version;
  readonly value: T;
}

/** The result of reading these keys, in order; `undefined` for a record that does not exist. */
type StoredUnder<K extends readonly Key<unknown>[]> = {
  readonly [I in keyof K]: K[I] extends Key<infer T> ? Stored<T> | undefined : never;
};

/** A newer release of Postern wrote the record, so this one cannot know what it holds. */
export class NewerRecord extends Unreadable {}

/**
 * Reads several records in one snapshot.
 * @throws {Conflict} when a requirement does not hold in it
 * @throws {Unreadable} when a record is not what was written
 * @throws {NewerRecord} when a newer release wrote it
 */
export async function readRecords<const K extends readonly Key<unknown>[]>(
  store: Pick<Store, 'read'>,
  request: { readonly get: K; readonly require?: readonly Requirement[] },
): Promise<StoredUnder<K>>;
export async function readRecords(store: Pick<Store, 'read'>, request: Read) {
  return (await store.read(request)).map((record) => record && stored(record));
}

/** Like `readRecords`, but returns a value, not a promise, if the store does. */
export function readAtOnce<const K extends readonly Key<unknown>[]>(
  store: Pick<Store, 'readMany'>,
  request: { readonly get: K; readonly require?: readonly Requirement[] },
): StoredUnder<K> | Promise<StoredUnder<K>>;
export function readAtOnce(store: Pick<Store, 'readMany'>, request: Read) {
  const results = store.readMany([request]);
  return results instanceof Promise ? results.then(only) : only(results);
}

function only([result]: readonly ReadResult[]) {
  if (result === undefined) throw new Error('a store answered nothing');
  if (!result.ok) throw result.error;
  return recordsOf(result.records);
}

/** The parsed records of many reads: a record that several of them have is parsed once, and they share its value. */
export type ParsedOnce = Map<StoredRecord, Stored<unknown>>;

/** The same records with what they hold. */
export function recordsOf(
  records: readonly (StoredRecord | undefined)[],
  once?: ParsedOnce,
): readonly (Stored<unknown> | undefined)[] {
  return records.map((record) => {
    if (record === undefined) return undefined;
    const known = once?.get(record);
    if (known !== undefined) return known;
    const parsed = stored<unknown>(record);
    once?.set(record, parsed);
    return parsed;
  });
}

/** Like `Store.list`, with what the records hold. */
export async function listRecords<T>(
  store: Pick<Store, 'list'>,
  request: Omit<List, 'prefix'> & { readonly prefix: Prefix<T> },
): Promise<readonly Stored<T>[]> {
  return (await store.list(request)).map((record) => stored<T>(record));
}

/** The records that a store listed under that prefix, with what they hold. */
export function openListed<T>(_prefix: Prefix<T>, records: readonly StoredRecord[]): readonly Stored<T>[] {
  return records.map((record) => stored<T>(record));
}

/** A put of `value` under its key, for a transaction. */
export function recordPut<T>(key: Key<T>, value: NoInfer<T>, version?: Version): Put {
  return jsonPut(key, JSON.stringify(value), version);
}

/** The same for a value that is already JSON. */
export function jsonPut(key: Key<unknown>, json: string, version?: Version): Put {
  const kind = upgradedKindOf(key);
  const bytes = Buffer.from(kind === undefined ? json : `${mark}${kind.version} ${json}`);
  return version === undefined ? { key, value: bytes } : { key, value: bytes, version };
}

function stored<T>(record: StoredRecord): Stored<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key of a record of this kind
  return { key: record.key as Key<T>, version: record.version, value: valueOf(record) as T };
}

/**
 * What a record holds, in the form that this code writes. A record is UTF-8 JSON, with `v2 ` before it when it has version
 * 2, and so on. A record of version 1 has nothing before it; no JSON begins with the letter v.
 * @throws {NewerRecord} when a newer release wrote it
 */
export function valueOf(record: StoredRecord): unknown {
  const { buffer, byteOffset, byteLength } = record.value;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  if (text.startsWith(mark)) return marked(record.key, text);
  const kind = upgradedKindOf(record.key);
  return kind === undefined ? JSON.parse(text) : upgrade(kind, 1, JSON.parse(text));
}

/** Why a record that was opened cannot be used by its room, or `undefined`. */
export function faultOf(record: StoredRecord): string | undefined {
  if (kindOf(record.key) === undefined) return `the record ${record.key} is of a kind that this release does not know`;
  try {
    valueOf(record);
    return undefined;
  } catch (error) {
    return error instanceof Unreadable ? error.message : `the record ${record.key} is not what was written`;
  }
}

const mark = 'v';

function marked(key: string, text: string): unknown {
  const end = text.indexOf(' ');
  const version = Number(text.slice(mark.length, end));
  if (!Number.isSafeInteger(version) || version < 1) throw new Unreadable(`the record ${key} is not what was written`);
  const kind = kindOf(key);
  const known = kind?.version ?? 1;
  if (kind === undefined || version > known) {
    const what = `the record ${key} has version ${version}, and this release of Postern reads versions up to ${known}`;
    throw new NewerRecord(`${what}. Start the release that wrote it, or a newer one.`);
  }
  return upgrade(kind, version, JSON.parse(text.slice(end + 1)));
}

function upgrade(kind: KnownKind, version: number, before: unknown): unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each upgrade takes what the version before it wrote
  return kind.upgrades.slice(version - 1).reduce((value: unknown, step) => step(value as never), before);
}

/**
 * Work that declares what it must read, and receives it: a generator that yields its needs. It neither reads nor
 * awaits, so that its caller can read for many at once, in one snapshot. Write `yield* get(…)`, never a bare `yield`.
 */
export type Reading<T> = Generator<Need, T, NeedResult>;

export type Need = StoreNeed | { readonly kind: 'wait'; readonly until: Promise<unknown> };

type StoreNeed =
  | { readonly kind: 'get'; readonly get: readonly Key<unknown>[]; readonly require?: readonly Requirement[] }
  | { readonly kind: 'list'; readonly list: ListNeed<unknown> };

interface ListNeed<T> extends Omit<List, 'prefix'> {
  readonly prefix: Prefix<T>;
}

/** The result of a need; the functions below give it its type. */
export type NeedResult = readonly (Stored<unknown> | undefined)[] | { readonly awaited: unknown };

/** The records under these keys, in one snapshot; `undefined` for one that does not exist. */
export function get<const K extends readonly Key<unknown>[]>(...keys: K): Asking<StoredUnder<K>>;
export function get(...keys: readonly Key<unknown>[]): Asking<unknown> {
  return new GetOnce(keys);
}

type Asking<T> = Iterable<Need, T, NeedResult>;

/** Does what a generator with one need does, without the generator: every read begins with one. */
class GetOnce implements Asking<unknown>, Iterator<Need, unknown, NeedResult> {
  #need: Need | undefined;

  constructor(keys: readonly Key<unknown>[]) {
    this.#need = { kind: 'get', get: keys };
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(given?: NeedResult): IteratorResult<Need, unknown> {
    const need = this.#need;
    this.#need = undefined;
    return need === undefined ? { done: true, value: given } : { done: false, value: need };
  }

  throw(error: unknown): never {
    throw error;
  }
}

/** Like `Store.list`, with what the records hold. */
export function* list<T>(request: ListNeed<T>): Reading<readonly Stored<T>[]> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same of a prefix
  return (yield { kind: 'list', list: request }) as readonly Stored<T>[];
}

/** Waits for work elsewhere: a key thread, a certificate file. Records that were read before may have changed since. */
export function* wait<T>(until: Promise<T>): Reading<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the promise that was yielded
  return ((yield { kind: 'wait', until }) as { readonly awaited: T }).awaited;
}

/**
 * Runs a reading on its own, and meets each need when it comes.
 * @throws {Conflict} when `require` does not hold in a snapshot that it reads
 */
export async function readAlone<T>(
  store: Pick<Store, 'read' | 'list'>,
  require: readonly Requirement[],
  reading: Reading<T>,
): Promise<T> {
  let step = reading.next();
  while (step.done !== true) {
    let given: NeedResult;
    try {
      given = await meet(store, require, step.value);
    } catch (error) {
      step = reading.throw(error);
      continue;
    }
    step = reading.next(given);
  }
  return step.value;
}

async function meet(
  store: Pick<Store, 'read' | 'list'>,
  require: readonly Requirement[],
  need: Need,
): Promise<NeedResult> {
  if (need.kind === 'wait') return { awaited: await need.until };
  const request = requestOf(need, require);
  return recordsOf(await ('get' in request ? store.read(request) : store.list(request)));
}

/** The request to the store for a need, with the requirements in `require`. */
export function requestOf(need: StoreNeed, require: readonly Requirement[]): Read | List {
  if (need.kind === 'get') return { require: required(require, need.require), get: need.get };
  return { ...need.list, require: required(require, need.list.require) };
}

function required(always: readonly Requirement[], more: readonly Requirement[] = []): readonly Requirement[] {
  return more.length === 0 ? always : [...always, ...more];
}

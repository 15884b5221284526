import type { Key, Prefix } from './keys.ts';
import type { List, Put, Requirement, Store, StoredRecord, Version } from './store.ts';
import { decode, encode } from './store.ts';

/** A record as it was read, with what it holds. */
export interface Stored<T> {
  readonly key: Key<T>;
  readonly version: Version;
  readonly value: T;
}

/** What reading these keys gives, in their order; `undefined` for a record that does not exist. */
export type StoredUnder<K extends readonly Key<unknown>[]> = {
  readonly [I in keyof K]: K[I] extends Key<infer T> ? Stored<T> | undefined : never;
};

/**
 * Reads several records in one snapshot.
 * @throws {Conflict} when a requirement does not hold in it
 * @throws {Unreadable} when a record is not what was written
 */
export async function readRecords<const K extends readonly Key<unknown>[]>(
  store: Pick<Store, 'read'>,
  { get, require = [] }: { readonly get: K; readonly require?: readonly Requirement[] },
): Promise<StoredUnder<K>> {
  return storedUnder(get, await store.read({ require, get }));
}

/** The records that were read for these keys, opened. */
function storedUnder<const K extends readonly Key<unknown>[]>(
  _get: K,
  records: readonly (StoredRecord | undefined)[],
): StoredUnder<K> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a key says what its record holds; here it gets that type
  return records.map((record) => record && stored(record)) as unknown as StoredUnder<K>;
}

/** As `Store.list`, with what the records hold. */
export async function listRecords<T>(
  store: Pick<Store, 'list'>,
  request: Omit<List, 'prefix'> & { readonly prefix: Prefix<T> },
): Promise<readonly Stored<T>[]> {
  return (await store.list(request)).map((record) => stored<T>(record));
}

/** Writes `value` under its key; part of a transaction. */
export function recordPut<T>(key: Key<T>, value: NoInfer<T>, version?: Version): Put {
  return version === undefined ? { key, value: encode(value) } : { key, value: encode(value), version };
}

function stored<T>(record: StoredRecord): Stored<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key of a record of this kind
  return { key: record.key as Key<T>, version: record.version, value: decode<T>(record) };
}

import { decode } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { objectKeys, refused } from './object.ts';
import type { DeletedObjectRecord, ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';

/** One version of an object; without `version` the current one. */
export async function getVersion<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  asked: { readonly name: string; readonly version?: string | undefined },
): Promise<Outcome<ObjectRecord<V>>> {
  const keys = objectKeys(vault, collection);
  const get = [keys.current(asked.name)];
  if (asked.version !== undefined) get.push(keys.version(asked.name, asked.version));
  const [current, older] = await vault.store.read({ require: vault.require, get });
  if (current !== undefined) {
    const object = decode<ObjectRecord<V>>(current);
    if (asked.version === undefined || object.current.version === asked.version.toLowerCase()) {
      return { ok: true, value: object };
    }
    if (older !== undefined) return { ok: true, value: { name: object.name, current: decode<V>(older) } };
  }
  const id = asked.version === undefined ? asked.name : `${asked.name}/${asked.version}`;
  return refused({ kind: 'objectNotFound', collection, name: id });
}

/** A soft-deleted object. */
export async function getDeleted<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  name: string,
): Promise<Outcome<DeletedObjectRecord<V>>> {
  const key = objectKeys(vault, collection).deleted(name);
  const [record] = await vault.store.read({ require: vault.require, get: [key] });
  if (record === undefined) return refused({ kind: 'deletedObjectNotFound', collection, name });
  return { ok: true, value: decode<DeletedObjectRecord<V>>(record) };
}

export interface Page<T> {
  readonly items: readonly T[];
  /** What the next page begins after; absent on the last page. */
  readonly next?: string;
}

export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

/** The objects of a collection by name, each with its current version. */
export function listObjects<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  page: PageRequest,
): Promise<Page<ObjectRecord<V>>> {
  return listPage<ObjectRecord<V>>(vault, objectKeys(vault, collection).currents, page);
}

/** The soft-deleted objects of a collection by name. */
export function listDeleted<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  page: PageRequest,
): Promise<Page<DeletedObjectRecord<V>>> {
  return listPage<DeletedObjectRecord<V>>(vault, objectKeys(vault, collection).deleteds, page);
}

/** All versions of an object, in the order of their ids. An object that does not exist has none: Azure answers 200 with an empty list. */
export async function listVersions<V extends ObjectVersion>(
  vault: VaultScope,
  collection: Collection,
  asked: PageRequest & { readonly name: string },
): Promise<Page<ObjectRecord<V>>> {
  const keys = objectKeys(vault, collection);
  const [record] = await vault.store.read({ require: vault.require, get: [keys.current(asked.name)] });
  if (record === undefined) return { items: [] };
  const { name, current } = decode<ObjectRecord<V>>(record);
  const older = await vault.store.list({
    require: [...vault.require, { key: record.key, version: record.version }],
    prefix: keys.versions(asked.name),
    after: asked.after === undefined ? undefined : keys.version(asked.name, asked.after),
    limit: asked.limit + 1,
  });
  const versions = older.map((entry) => decode<V>(entry));
  if (asked.after === undefined || current.version > asked.after) versions.push(current);
  versions.sort((a, b) => (a.version < b.version ? -1 : 1));
  const items = versions.slice(0, asked.limit).map((version) => ({ name, current: version }));
  const last = items.at(-1);
  return versions.length > asked.limit && last !== undefined ? { items, next: last.current.version } : { items };
}

async function listPage<R>(vault: VaultScope, prefix: string, page: PageRequest): Promise<Page<R>> {
  const after = page.after === undefined ? undefined : `${prefix}${page.after}`;
  const records = await vault.store.list({ require: vault.require, prefix, after, limit: page.limit + 1 });
  const shown = records.slice(0, page.limit);
  const items = shown.map((record) => decode<R>(record));
  const last = shown.at(-1);
  return records.length > page.limit && last !== undefined ? { items, next: last.key.slice(prefix.length) } : { items };
}

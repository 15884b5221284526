import { decode } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import { objectKeys, refused } from './object.ts';
import type { DeletedObjectRecord, ObjectRecord, ObjectVersion, Outcome, VaultScope } from './object.ts';
import { isThere } from './transition.ts';
import type { PurgedObject, Transition } from './transition.ts';

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
  const object = current === undefined ? undefined : decode<ObjectRecord<V>>(current);
  if (object !== undefined && isThere(object, vault)) {
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
  const object = record === undefined ? undefined : decode<DeletedObjectRecord<V> | PurgedObject>(record);
  if (object !== undefined && isThere(object, vault)) return { ok: true, value: object };
  return refused({ kind: 'deletedObjectNotFound', collection, name });
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
  const object = record === undefined ? undefined : decode<ObjectRecord<V>>(record);
  if (record === undefined || object === undefined || !isThere(object, vault)) return { items: [] };
  const { name, current } = object;
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

/** A page is full where another one follows it, also when objects in transition are passed over. */
async function listPage<R extends Transition>(vault: VaultScope, prefix: string, page: PageRequest): Promise<Page<R>> {
  const found: { readonly key: string; readonly item: R }[] = [];
  const limit = page.limit + 1;
  for (let after = page.after === undefined ? undefined : `${prefix}${page.after}`; ;) {
    const records = await vault.store.list({ require: vault.require, prefix, after, limit });
    for (const record of records) {
      const item = decode<R | PurgedObject>(record);
      if (isThere(item, vault)) found.push({ key: record.key, item });
    }
    if (records.length < limit || found.length >= limit) break;
    after = records.at(-1)?.key;
  }
  const shown = found.slice(0, page.limit);
  const items = shown.map(({ item }) => item);
  const last = shown.at(-1);
  return found.length > page.limit && last !== undefined ? { items, next: last.key.slice(prefix.length) } : { items };
}

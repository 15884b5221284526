import { get, list } from '../store/records.ts';
import type { Reading } from '../store/records.ts';
import type { Prefix } from '../store/keys.ts';
import type { Collection } from '../types/collection.ts';
import { isVisible, objectKeys, refused } from './object.ts';
import type {
  DeletedOf,
  ObjectRecord,
  Outcome,
  PurgedObject,
  RecordOf,
  Transition,
  VaultScope,
  VersionOf,
} from './object.ts';
import { requireUnchanged } from './state.ts';

/** The current version of an object. */
export function* getCurrent<C extends Collection>(
  vault: VaultScope,
  collection: C,
  name: string,
): Reading<Outcome<RecordOf<C>>> {
  const [current] = yield* get(objectKeys(vault, collection).current(name));
  if (current !== undefined && isVisible(current.value, vault)) return { ok: true, value: current.value };
  return refused({ kind: 'objectNotFound', collection, name });
}

/** One version of an object; without `version`, the current one. */
export function* getVersion<C extends Collection>(
  vault: VaultScope,
  collection: C,
  asked: { readonly name: string; readonly version?: string | undefined },
): Reading<Outcome<ObjectRecord<VersionOf<C>>>> {
  const { name, version } = asked;
  if (version === undefined) return yield* getCurrent(vault, collection, name);
  const keys = objectKeys(vault, collection);
  const [current, older] = yield* get(keys.current(name), keys.version(name, version));
  if (current !== undefined && isVisible(current.value, vault)) {
    const object = current.value;
    if (object.current.version === version.toLowerCase()) return { ok: true, value: object };
    if (older !== undefined) return { ok: true, value: { name: object.name, current: older.value } };
  }
  return refused({ kind: 'objectNotFound', collection, name: `${name}/${version}` });
}

/** A soft-deleted object. */
export function* getDeleted<C extends Collection>(
  vault: VaultScope,
  collection: C,
  name: string,
): Reading<Outcome<DeletedOf<C>>> {
  const [record] = yield* get(objectKeys(vault, collection).deleted(name));
  if (record !== undefined && isVisible(record.value, vault)) return { ok: true, value: record.value };
  return refused({ kind: 'deletedObjectNotFound', collection, name });
}

export interface Page<T> {
  readonly items: readonly T[];
  /** The next page begins after this; absent on the last page. */
  readonly next?: string;
}

export interface PageRequest {
  readonly after: string | undefined;
  readonly limit: number;
}

/** The objects of a collection by name, each with its current version. */
export function listObjects<C extends Collection>(
  vault: VaultScope,
  collection: C,
  page: PageRequest,
): Reading<Page<RecordOf<C>>> {
  return listPage(vault, objectKeys(vault, collection).currents(), page);
}

/** The soft-deleted objects of a collection by name. */
export function listDeleted<C extends Collection>(
  vault: VaultScope,
  collection: C,
  page: PageRequest,
): Reading<Page<DeletedOf<C>>> {
  return listPage(vault, objectKeys(vault, collection).deleteds(), page);
}

/**
 * All versions of an object, ordered by id. Empty for an object that does not exist, for which Azure answers 200 with
 * an empty list.
 */
export function* listVersions<C extends Collection>(
  vault: VaultScope,
  collection: C,
  asked: PageRequest & { readonly name: string },
): Reading<Page<ObjectRecord<VersionOf<C>>>> {
  const keys = objectKeys(vault, collection);
  const [record] = yield* get(keys.current(asked.name));
  if (record === undefined || !isVisible(record.value, vault)) return { items: [] };
  const { name, current } = record.value;
  const older = yield* list({
    require: [requireUnchanged(record.key, record)],
    prefix: keys.versions(asked.name),
    after: asked.after === undefined ? undefined : keys.version(asked.name, asked.after),
    limit: asked.limit + 1,
  });
  const versions = older.map(({ value }) => value);
  if (asked.after === undefined || current.version > asked.after) versions.push(current);
  versions.sort((a, b) => (a.version < b.version ? -1 : 1));
  const items = versions.slice(0, asked.limit).map((version) => ({ name, current: version }));
  const last = items.at(-1);
  return versions.length > asked.limit && last !== undefined ? { items, next: last.current.version } : { items };
}

/** Every page but the last is full, even where objects in transition are skipped. */
function* listPage<R extends Transition>(
  vault: VaultScope,
  prefix: Prefix<R | PurgedObject>,
  page: PageRequest,
): Reading<Page<R>> {
  const found: { readonly key: string; readonly item: R }[] = [];
  const limit = page.limit + 1;
  for (let after = page.after === undefined ? undefined : `${prefix}${page.after}`; ;) {
    const records = yield* list({ prefix, after, limit });
    for (const { key, value } of records) if (isVisible(value, vault)) found.push({ key, item: value });
    if (records.length < limit || found.length >= limit) break;
    after = records.at(-1)?.key;
  }
  const shown = found.slice(0, page.limit);
  const items = shown.map(({ item }) => item);
  const last = shown.at(-1);
  return found.length > page.limit && last !== undefined ? { items, next: last.key.slice(prefix.length) } : { items };
}

import type { Key } from '../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import type { Store, Transaction, Version } from '../store/store.ts';
import {
  bindingKey,
  deletedKey,
  groupKey,
  groupsPrefix,
  isDirectoryId,
  isName,
  kindPrefix,
  memberKey,
  membersPrefix,
  nameKey,
  namesOf,
  objectKey,
} from './keys.ts';
import { objectKinds } from './records.ts';
import type { DirectoryRecords, ObjectKind } from './records.ts';
import type { DirectoryRefusal } from './refusal.ts';

/** A stored object, and the version that a change of it requires. */
export interface Stored<K extends ObjectKind> {
  readonly record: DirectoryRecords[K];
  readonly version: Version;
}

/** An object of any kind. */
export type AnyObject = {
  readonly [K in ObjectKind]: { readonly kind: K; readonly record: DirectoryRecords[K] };
}[ObjectKind];

/** The result of a rule: a change for the caller to commit, or the reason for refusing it. */
export type Changed<T> =
  | { readonly ok: true; readonly value: T; readonly change: Transaction }
  | { readonly ok: false; readonly refusal: DirectoryRefusal };

/** The objects of a kind in a tenant. */
export interface ObjectsOf<K extends ObjectKind> {
  readonly tenantId: string;
  readonly kind: K;
}

/** Finds the object with that id, in any letter case. */
export async function findObject<K extends ObjectKind>(
  store: Store,
  { tenantId, kind }: ObjectsOf<K>,
  id: string,
): Promise<Stored<K> | undefined> {
  const lower = id.toLowerCase();
  if (!isDirectoryId(lower)) return undefined;
  const [found] = await readRecords(store, { get: [objectKey(tenantId, kind, lower)] });
  return found && { record: found.value, version: found.version };
}

/** Finds the object with this name: a user's `userPrincipalName`, a client id or a service principal name. */
export async function findByName<K extends ObjectKind>(
  store: Store,
  objects: ObjectsOf<K>,
  name: string,
): Promise<Stored<K> | undefined> {
  if (!isName(name)) return undefined;
  const [id] = await readRecords(store, { get: [nameKey(objects.tenantId, objects.kind, name)] });
  return id && findObject(store, objects, id.value);
}

/** The objects with these ids, of any kind, in the order of the ids; unknown ids are skipped. */
export async function findAny(store: Store, tenantId: string, ids: readonly string[]): Promise<readonly AnyObject[]> {
  const known = ids.map((id) => id.toLowerCase()).filter(isDirectoryId);
  const places = known.flatMap((id) => objectKinds.map((kind) => ({ kind, key: objectKey(tenantId, kind, id) })));
  const records = await readRecords(store, { get: places.map(({ key }) => key) });
  return records.flatMap((record, index) => {
    const kind = places[index]?.kind;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the key of a kind has records of that kind
    return record === undefined ? [] : [{ kind, record: record.value } as AnyObject];
  });
}

/**
 * Those of the given ids, in lower case, that belong to an object or did before it was deleted. Permissions that name a
 * deleted object may still exist, so its id must not be used again.
 */
export async function directoryIds(
  store: Store,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const known = [...new Set(ids.map((id) => id.toLowerCase()))].filter(isDirectoryId);
  const keys = known.flatMap((id) => [
    { id, key: deletedKey(tenantId, id) },
    ...objectKinds.map((kind) => ({ id, key: objectKey(tenantId, kind, id) })),
  ]);
  const records = await store.read({ get: keys.map(({ key }) => key) });
  return new Set(keys.filter((_, index) => records[index] !== undefined).map(({ id }) => id));
}

/** At most `limit` objects of a kind whose ids come after `after`. */
export async function listObjects<K extends ObjectKind>(
  store: Store,
  { tenantId, kind }: ObjectsOf<K>,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<readonly DirectoryRecords[K][]> {
  const prefix = kindPrefix(tenantId, kind);
  const records = await listRecords(store, { prefix, after: after === undefined ? undefined : prefix + after, limit });
  return records.map(({ value }) => value);
}

/** Stores an object, new or in place of `before`, with the names that it is found by. */
export function putObject<K extends ObjectKind>(
  kind: K,
  record: DirectoryRecords[K],
  before: Stored<K> | undefined,
): Transaction {
  const { tenantId, id } = record;
  const key = objectKey(tenantId, kind, id);
  const keys = nameKeys(kind, record);
  const keysBefore = before === undefined ? [] : nameKeys(kind, before.record);
  const added = keys.filter((name) => !keysBefore.includes(name));
  return {
    require: [{ key, version: before?.version ?? null }, ...added.map((name) => ({ key: name, version: null }))],
    put: [recordPut(key, record), ...added.map((name) => recordPut(name, id))],
    delete: keysBefore.filter((name) => !keys.includes(name)),
  };
}

/** Like `putObject`, but refuses a name that another object has. A name that is taken meanwhile causes a `Conflict`. */
export async function changeObject<K extends ObjectKind>(
  store: Store,
  { kind, record, before }: { kind: K; record: DirectoryRecords[K]; before: Stored<K> | undefined },
): Promise<Changed<DirectoryRecords[K]>> {
  const names = namesOf[kind](record);
  const had = before === undefined ? [] : namesOf[kind](before.record).map((name) => name.toLowerCase());
  for (const name of names.filter((other) => !had.includes(other.toLowerCase()))) {
    const [taken] = await store.read({ get: [nameKey(record.tenantId, kind, name)] });
    if (taken !== undefined) return { ok: false, refusal: { kind: 'nameTaken', objectKind: kind, name } };
  }
  return { ok: true, value: record, change: putObject(kind, record, before) };
}

/** The most memberships of one object that its removal deletes, all in one transaction. */
const membershipsMax = 50_000;

/** Removes an object with its names, memberships and members. Its id cannot be used again (`directoryIds`). */
export async function removeObject<K extends ObjectKind>(
  store: Store,
  kind: K,
  { record, version }: Stored<K>,
): Promise<Transaction> {
  const { tenantId, id } = record;
  const key = objectKey(tenantId, kind, id);
  const [members, groups] = [membersPrefix(tenantId, id), groupsPrefix(tenantId, id)];
  const edges = await Promise.all([members, groups].map((prefix) => store.list({ prefix, limit: membershipsMax })));
  const mirrored = [
    ...(edges[0] ?? []).map((edge) => groupKey(tenantId, edge.key.slice(members.length), id)),
    ...(edges[1] ?? []).map((edge) => memberKey(tenantId, edge.key.slice(groups.length), id)),
  ];
  const bindings = 'bindings' in record ? record.bindings.map((binding) => bindingKey(binding, record)) : [];
  const edgeKeys = edges.flat().map((edge) => edge.key);
  return {
    require: [{ key, version }],
    put: [recordPut(deletedKey(tenantId, id), true)],
    delete: [...new Set([key, ...nameKeys(kind, record), ...edgeKeys, ...mirrored, ...bindings])],
  };
}

function nameKeys<K extends ObjectKind>(kind: K, record: DirectoryRecords[K]): readonly Key<string>[] {
  return [...new Set(namesOf[kind](record).map((name) => nameKey(record.tenantId, kind, name)))];
}

/**
 * A small asynchronous key-value store with versions: all that Postern asks of a database. It knows nothing of vaults;
 * the rules of objects live in the rooms above it.
 *
 * Keys are 1 to 1,024 printable ASCII characters (0x21-0x7e), so that bytewise order is the order everywhere.
 */
export interface Store {
  /**
   * Reads several records in one snapshot, in the order of `get`; a missing one is `undefined`.
   * @throws {Conflict} when a requirement does not hold in that snapshot
   */
  read(request: Read): Promise<readonly (StoredRecord | undefined)[]>;

  /**
   * At most `limit` records whose key starts with `prefix` and comes after `after`, in bytewise order of the keys.
   * @throws {Conflict} as `read`
   */
  list(request: List): Promise<readonly StoredRecord[]>;

  /**
   * Reads for many at once, in one snapshot of all that is committed by now, whoever committed it. Each gets what it
   * asked for or its own failure, as `read` and `list` would throw it. A value where nothing need be waited for. Nobody
   * writes into what it gives: the store may keep it, and give it to others.
   */
  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] | Promise<readonly ReadResult[]>;

  /**
   * All or nothing, and durable once the promise is fulfilled. Puts and deletes apply in the order given, each key at
   * most once. Returns the version of each put, in order.
   * @throws {Conflict} when a requirement does not hold at the commit; nothing is changed then
   */
  transact(transaction: Transaction): Promise<readonly Version[]>;

  /**
   * The keys that changed after `since`, in commit order and without gaps; a key that changed twice stands there at
   * least once, at its last change. `undefined` as a cursor means "from now": no keys, and the cursor to go on from.
   * An `expired` answer forces a reload: the store no longer knows everything since then.
   */
  changes(since: Cursor | undefined, limit: number): Promise<Changes>;

  close(): Promise<void>;
}

/** Names one state of one record, for ever: no other record and no later state of the same key has it again. */
export type Version = string;

/** A position in the store's commit order; opaque, and ordered only by the store. */
export type Cursor = string;

export interface StoredRecord {
  readonly key: string;
  readonly version: Version;
  readonly value: Uint8Array;
}

/** The record under `key` must be in the state `version`, or, with `null`, not exist. */
export interface Requirement {
  readonly key: string;
  readonly version: Version | null;
}

export interface Read {
  readonly require?: readonly Requirement[];
  readonly get: readonly string[];
}

export interface List {
  readonly require?: readonly Requirement[];
  readonly prefix: string;
  readonly after?: string | undefined;
  readonly limit: number;
  /**
   * The list ends with the record with which its values have so many bytes as they are stored, and has one at least. A
   * short list is therefore not the last one where this is given.
   */
  readonly bytes?: number;
}

/** What one of many reads gave. */
export type ReadResult =
  | { readonly ok: true; readonly records: readonly (StoredRecord | undefined)[] }
  | { readonly ok: false; readonly error: unknown };

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
  /** For a wrapper that must know the version before the commit; otherwise the store makes one. */
  readonly version?: Version;
}

export interface Transaction {
  readonly require?: readonly Requirement[];
  readonly put?: readonly Put[];
  readonly delete?: readonly string[];
}

export type Changes =
  | { readonly expired: false; readonly keys: readonly string[]; readonly cursor: Cursor; readonly more: boolean }
  | { readonly expired: true; readonly cursor: Cursor };

/** A requirement did not hold: somebody else was first. `key` is the record that differs. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
  readonly key: string;

  constructor(key: string) {
    super(`the record ${key} is not in the required state`);
    this.key = key;
  }
}

/** The stored bytes are not what was written: damaged, swapped, from another store, or sealed under another key. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

/** What `read` gives or throws, as one of many reads has it. */
export function resultOf(read: () => readonly (StoredRecord | undefined)[]): ReadResult {
  try {
    return { ok: true, records: read() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** `readMany` of a store that lies over another one and has no snapshot of its own: one read after the other. */
export async function readEach(
  store: Pick<Store, 'read' | 'list'>,
  requests: readonly (Read | List)[],
): Promise<readonly ReadResult[]> {
  const results: ReadResult[] = [];
  for (const request of requests) {
    try {
      results.push({ ok: true, records: await ('get' in request ? store.read(request) : store.list(request)) });
    } catch (error) {
      results.push({ ok: false, error });
    }
  }
  return results;
}

/** Several changes as one transaction, in their order. No two of them may write the same key. */
export function merge(...changes: readonly (Transaction | undefined)[]): Transaction {
  return {
    require: changes.flatMap((change) => change?.require ?? []),
    put: changes.flatMap((change) => change?.put ?? []),
    delete: changes.flatMap((change) => change?.delete ?? []),
  };
}

/** A record's value as this project writes them: UTF-8 JSON. */
export function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** The inverse of `encode`. What we stored ourselves is trusted to have the shape that its room wrote. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the room that reads a record says what it wrote
export function decode<T>(record: StoredRecord): T {
  const { buffer, byteOffset, byteLength } = record.value;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same: the one place where stored bytes get a type
  return JSON.parse(text) as T;
}

/** The greatest key of all that start with `prefix`, for paging past them. */
export function lastKeyUnder(prefix: string): string {
  return prefix.padEnd(1024, '~');
}

/** @throws {TypeError} when a key is not 1 to 1,024 printable ASCII characters */
export function assertRead(read: Read): void {
  assertRequirements(read.require);
  for (const key of read.get) assertKey(key);
}

/** @throws {TypeError} as `assertRead`, or when the limit is not a positive whole number; the prefix may be empty */
export function assertList(list: List): void {
  assertRequirements(list.require);
  if (list.prefix !== '') assertKey(list.prefix);
  if (list.after !== undefined) assertKey(list.after);
  assertLimit(list.limit);
}

/** @throws {TypeError} as `assertRead`, or when a key is put or deleted more than once */
export function assertTransaction(transaction: Transaction): void {
  assertRequirements(transaction.require);
  const keys = [...(transaction.put ?? []).map((put) => put.key), ...(transaction.delete ?? [])];
  for (const key of keys) assertKey(key);
  if (new Set(keys).size === keys.length) return;
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  throw new TypeError(`the key ${twice} is changed more than once in one transaction: give its last state only`);
}

/** @throws {TypeError} when the limit is not a positive whole number */
export function assertLimit(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw new TypeError(`the limit ${limit} is not a positive whole number`);
}

function assertRequirements(requirements: readonly Requirement[] | undefined): void {
  for (const requirement of requirements ?? []) assertKey(requirement.key);
}

/** @throws {TypeError} when it is not 1 to 1,024 printable ASCII characters */
export function assertKey(key: string): void {
  if (/^[\x21-\x7e]{1,1024}$/.test(key)) return;
  throw new TypeError(
    `the key ${JSON.stringify(key.slice(0, 64))} is not 1 to 1,024 printable ASCII characters (0x21-0x7e)`,
  );
}

/** The same store, which tells the keys that were put and deleted once a transaction that goes through it is committed. */
export function notifyingStore(store: Store, committed: (keys: readonly string[]) => void): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
    async transact(transaction) {
      const versions = await store.transact(transaction);
      committed([...(transaction.put ?? []).map(({ key }) => key), ...(transaction.delete ?? [])]);
      return versions;
    },
  };
}

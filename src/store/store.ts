/**
 * A small asynchronous key-value store with versions: everything that Postern needs of a database. It knows nothing
 * about vaults; the rules of objects are in other rooms.
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
   * @throws {Conflict} like `read`
   */
  list(request: List): Promise<readonly StoredRecord[]>;

  /**
   * Reads for many at once, in one snapshot of everything committed by now, also by other processes. Each request gets
   * its result or its own failure, as `read` and `list` would throw it. Returns a value, not a promise, if nothing must
   * be awaited. The results must not be modified: the store may keep them, and return them to others.
   */
  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] | Promise<readonly ReadResult[]>;

  /**
   * All or nothing, and durable when the promise resolves. Puts and deletes apply in the given order, each key at most
   * once. Returns the version of each put, in order.
   * @throws {Conflict} when a requirement does not hold at the commit; then nothing is changed
   */
  transact(transaction: Transaction): Promise<readonly Version[]>;

  /**
   * The keys that changed after `since`, in commit order and without gaps; a key that changed twice is listed at least
   * once, at its last change. The cursor `undefined` means "from now": no keys, and a cursor to continue from. An
   * `expired` answer forces a reload: the store does not know all changes since then any more.
   */
  changes(since: Cursor | undefined, limit: number): Promise<Changes>;

  /**
   * A turn in the order of the changes of one record, for a change that lost against those of other nodes: from when the
   * promise resolves until the turn is left, ends or its time is over, a transaction that writes `key` without it ends in
   * a `Conflict`. Absent in a store that one process has to itself.
   */
  turnOf?(key: string): Promise<Turn>;

  close(): Promise<void>;
}

/** The transaction that carries its id is the next one that may write the record, and ends the turn. */
export interface Turn {
  readonly id: string;
  /** Without a transaction: the next in the order has its turn. */
  leave(): void;
}

/** Names one state of one record, for ever: no other record and no later state of the same key ever has it. */
export type Version = string;

/** A position in the store's commit order; opaque, and only the store can compare two of them. */
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
   * The list ends with the record at which its stored values reach this many bytes, and has at least one record. So a
   * list that is shorter than `limit` is not necessarily the last.
   */
  readonly bytes?: number;
}

/** The result of one of many reads. */
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
  /** The id of the `Turn` that it ends. */
  readonly turn?: string;
}

export type Changes =
  | { readonly expired: false; readonly keys: readonly string[]; readonly cursor: Cursor; readonly more: boolean }
  | { readonly expired: true; readonly cursor: Cursor };

/** A requirement did not hold: another change was first. `key` is the record that differs. */
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

/**
 * The store cannot be asked at the moment, or cannot prove that it would give the newest state: the way to the database is
 * cut, or the database is not the primary. Nothing is answered from memory then.
 */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** Of a transaction: its outcome is not known. Otherwise nothing was changed. */
  readonly mayHaveHappened: boolean;

  constructor(
    message: string,
    { mayHaveHappened = false, ...options }: ErrorOptions & { mayHaveHappened?: boolean } = {},
  ) {
    super(message, options);
    this.mayHaveHappened = mayHaveHappened;
  }
}

/** The result of `read`, or its exception, as one of many results. */
export function resultOf(read: () => readonly (StoredRecord | undefined)[]): ReadResult {
  try {
    return { ok: true, records: read() };
  } catch (error) {
    return { ok: false, error };
  }
}

/** `readMany` for a store that wraps another one and has no snapshot of its own: one read after the other. */
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

/** The keys that a transaction puts, then those that it deletes. */
export function writtenKeys({ put = [], delete: deleted = [] }: Transaction): readonly string[] {
  return [...put.map(({ key }) => key), ...deleted];
}

/** Several changes as one transaction, in their order. No two of them may write the same key. */
export function merge(...changes: readonly (Transaction | undefined)[]): Transaction {
  return {
    require: changes.flatMap((change) => change?.require ?? []),
    put: changes.flatMap((change) => change?.put ?? []),
    delete: changes.flatMap((change) => change?.delete ?? []),
  };
}

/** A record's value in this project's form: UTF-8 JSON. */
export function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

/** The inverse of `encode`. Stored values are trusted to have the type that their room wrote. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the room that reads a record says what it wrote
export function decode<T>(record: StoredRecord): T {
  const { buffer, byteOffset, byteLength } = record.value;
  const text = Buffer.from(buffer, byteOffset, byteLength).toString();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same: the one place where stored bytes get a type
  return JSON.parse(text) as T;
}

/** The greatest possible key that starts with `prefix`, for paging past such keys. */
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
  const keys = writtenKeys(transaction);
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

/** @throws {TypeError} when the key is not 1 to 1,024 printable ASCII characters */
export function assertKey(key: string): void {
  if (/^[\x21-\x7e]{1,1024}$/.test(key)) return;
  throw new TypeError(
    `the key ${JSON.stringify(key.slice(0, 64))} is not 1 to 1,024 printable ASCII characters (0x21-0x7e)`,
  );
}

/** The turns of a store, for one that wraps it. */
export function turnsOf(store: Pick<Store, 'turnOf'>): Pick<Store, 'turnOf'> {
  const turnOf = store.turnOf?.bind(store);
  return turnOf === undefined ? {} : { turnOf };
}

/**
 * The same store; it passes on the keys that were put and deleted after each commit of a transaction that goes through
 * it.
 */
export function notifyingStore(store: Store, committed: (keys: readonly string[]) => void): Store {
  return {
    read: (request) => store.read(request),
    list: (request) => store.list(request),
    readMany: (requests) => store.readMany(requests),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
    ...turnsOf(store),
    async transact(transaction) {
      const versions = await store.transact(transaction);
      committed(writtenKeys(transaction));
      return versions;
    },
  };
}

/** The same store, whose reads and transactions hold only while the requirements do: otherwise they end in a `Conflict`. */
export function requiringStore(store: Store, require: readonly Requirement[]): Store {
  const all = (others: readonly Requirement[] | undefined) => [...require, ...(others ?? [])];
  return {
    read: (request) => store.read({ ...request, require: all(request.require) }),
    list: (request) => store.list({ ...request, require: all(request.require) }),
    readMany: (requests) => store.readMany(requests.map((request) => ({ ...request, require: all(request.require) }))),
    transact: (transaction) => store.transact({ ...transaction, require: all(transaction.require) }),
    changes: (since, limit) => store.changes(since, limit),
    close: () => store.close(),
  };
}

import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { createDatabase, isDamage, lockDatabase, verifyDatabase } from './sqlite-file.ts';
import { SqliteReader } from './sqlite-reader.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import type { PreparedTransaction } from './sqlite-writer.ts';
import { StoreRefused } from './refused.ts';
import type { Changes, Cursor, List, Read, Store, StoredRecord, Transaction, Version } from './store.ts';
import { assertLimit, assertList, assertRead, assertTransaction } from './well-formed.ts';

export interface SqliteStoreOptions {
  /** Made when it is missing, mode 0600; `-wal`, `-shm` and `.lock` stand beside it. On a local file system. */
  readonly file: string;
  /** How many of the last changes are kept for `changes`. */
  readonly history?: number;
}

/**
 * A store in one SQLite file, for one process: write-ahead log with `synchronous=FULL`, so that what is acknowledged
 * survives a kill and a loss of power. Reads run on the calling thread, writes in a thread of their own. Once the
 * promise is fulfilled, no file is opened by its path any more.
 * @throws {StoreRefused} `inUse`, `notOurs`, `otherFormat`, `cutOff`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, history = 100_000 } = options;
  const lock = lockDatabase(file);
  let reader: SqliteReader | undefined;
  let writer: SqliteWriter | undefined;
  try {
    createDatabase(file);
    verifyDatabase(file);
    writer = new SqliteWriter({ file, history }, () => reader?.refresh());
    await writer.ready();
    reader = new SqliteReader(file);
    return new SqliteStore(lock, reader, writer);
  } catch (error) {
    reader?.close();
    await writer?.close();
    lock.close();
    if (isDamage(error)) throw new StoreRefused('notOurs', `${file} is damaged. Put back a copy that is whole.`);
    throw error;
  }
}

class SqliteStore implements Store {
  readonly #lock: DatabaseSync;
  readonly #reader: SqliteReader;
  readonly #writer: SqliteWriter;
  #closed: Promise<void> | undefined;

  constructor(lock: DatabaseSync, reader: SqliteReader, writer: SqliteWriter) {
    this.#lock = lock;
    this.#reader = reader;
    this.#writer = writer;
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    this.#assertOpen();
    assertRead(request);
    return this.#reader.read(request);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    this.#assertOpen();
    assertList(request);
    return this.#reader.list(request);
  }

  async transact(transaction: Transaction): Promise<readonly Version[]> {
    this.#assertOpen();
    assertTransaction(transaction);
    return this.#writer.transact(prepare(transaction));
  }

  async changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    this.#assertOpen();
    assertLimit(limit);
    return this.#reader.changes(since, limit);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** The lock goes last: whoever gets it next finds nobody in the file. */
  async #close(): Promise<void> {
    this.#reader.close();
    await this.#writer.close();
    this.#lock.close();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new Error('the store is closed');
  }
}

/** Values are copied: a small view of a large buffer would go to the thread with all of that buffer. */
function prepare(transaction: Transaction): PreparedTransaction {
  return {
    require: transaction.require ?? [],
    put: (transaction.put ?? []).map(({ key, value, version = randomUUID() }) => {
      return { key, value: new Uint8Array(value), version };
    }),
    delete: transaction.delete ?? [],
  };
}

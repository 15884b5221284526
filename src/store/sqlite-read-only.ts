import { SqliteReader } from './sqlite-reader.ts';
import { assertLimit, assertList, assertRead } from './store.ts';
import type { Changes, Cursor, List, Read, ReadResult, Store, StoredRecord, Version } from './store.ts';

/** Without a count of commits, each commit of the process that writes empties the cache of rows. */
const uncounted = { read: () => undefined };

/**
 * The database of `openSqliteStore` in another process, for reading. Each read and each turn's reads begin a snapshot of
 * their own, so that they see every commit that was acknowledged before.
 */
export function openSqliteForReading(file: string): Store {
  return new ReadOnlyStore(new SqliteReader(file, uncounted));
}

class ReadOnlyStore implements Store {
  readonly #reader: SqliteReader;
  #closed = false;

  constructor(reader: SqliteReader) {
    this.#reader = reader;
  }

  async read(request: Read): Promise<readonly (StoredRecord | undefined)[]> {
    assertRead(request);
    return this.#fresh().read(request);
  }

  async list(request: List): Promise<readonly StoredRecord[]> {
    assertList(request);
    return this.#fresh().list(request);
  }

  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] {
    if (this.#closed) throw new Error('the store is closed');
    return this.#reader.readMany(requests);
  }

  async transact(): Promise<readonly Version[]> {
    throw new TypeError('this process only reads the database');
  }

  async changes(since: Cursor | undefined, limit: number): Promise<Changes> {
    assertLimit(limit);
    return this.#fresh().changes(since, limit);
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#reader.close();
    this.#closed = true;
  }

  /** Its cache may be older than a commit of the other process. */
  #fresh(): SqliteReader {
    if (this.#closed) throw new Error('the store is closed');
    this.#reader.refresh();
    return this.#reader;
  }
}

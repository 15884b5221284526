import { readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { RowCache } from './row-cache.ts';
import type { EndedBatch, Written } from './row-cache.ts';
import type { PreparedTransaction } from './sqlite-batch.ts';
import { configure, isDamage } from './sqlite-file.ts';
import { assertKey, assertList, Conflict, Unreadable } from './store.ts';
import type { Changes, Cursor, List, Read, ReadResult, Requirement, StoredRecord } from './store.ts';

/**
 * The connection for reads, on the calling thread: a point read costs less than a message to another thread.
 *
 * Opening a snapshot costs more than reading a record from it, so all reads of one turn of the event loop share one,
 * and a repeated read before the next commit needs none. The owner calls `refresh` before it reports a commit, so that
 * a read that starts after an acknowledged write sees it.
 */
export class SqliteReader {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #version: StatementSync;
  readonly #record: StatementSync;
  readonly #range: StatementSync;
  readonly #extent: StatementSync;
  readonly #changed: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #commitCount: Pick<CommitCount, 'read'>;
  readonly #cache = new RowCache();
  // Keys in the cache were checked when they were added.
  readonly #readRow = (key: string) => {
    assertKey(key);
    const row = this.#record.get(key);
    return row === undefined ? undefined : recordOf(key, row[0], row[1]);
  };
  readonly #readVersion = (key: string) => {
    assertKey(key);
    const version = this.#version.get(key)?.[0];
    return typeof version === 'string' ? version : null;
  };
  readonly #countCommits = () => this.#commitCount.read();
  #snapshot = false;
  #turnEnds: NodeJS.Immediate | undefined;

  constructor(file: string, commitCount: Pick<CommitCount, 'read'>) {
    this.#commitCount = commitCount;
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    configure(this.#database);
    this.#begin = this.#database.prepare('BEGIN');
    // Nothing was written, and after reading a damaged page COMMIT would fail.
    this.#end = this.#database.prepare('ROLLBACK');
    this.#version = this.#rows('SELECT version FROM records WHERE key = ?');
    this.#record = this.#rows('SELECT version, value FROM records WHERE key = ?');
    this.#range = this.#rows('SELECT key, version, value FROM records WHERE key >= ? AND key < ? ORDER BY key LIMIT ?');
    this.#extent = this.#rows('SELECT (SELECT min(position) FROM changes), (SELECT max(position) FROM changes)');
    this.#changed = this.#rows('SELECT position, key FROM changes WHERE position > ? ORDER BY position LIMIT ?');
    this.#dataVersion = this.#rows('PRAGMA data_version');
    // The first read opens the files of the log; the process may lose the right to open them later.
    this.#extent.get();
  }

  read(request: Read): (StoredRecord | undefined)[] {
    const known = this.#cache.knows(request.get, request.require);
    const records = known ? this.#read(request) : this.#inSnapshot(() => this.#read(request));
    // A copy, because the caller may write into it.
    return records.map((record) => record && { ...record, value: record.value.slice() });
  }

  /** Reads in a snapshot that begins now, so that it includes the commits of other processes. */
  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] {
    this.refresh();
    return this.#inSnapshot(() => requests.map((request) => this.#resultOf(request)));
  }

  #resultOf(request: Read | List): ReadResult {
    try {
      return { ok: true, records: this.#readOrList(request) };
    } catch (error) {
      return { ok: false, error: asUnreadable(error) };
    }
  }

  #readOrList(request: Read | List): readonly (StoredRecord | undefined)[] {
    if ('get' in request) return this.#read(request);
    assertList(request);
    return this.#list(request);
  }

  #read({ require, get }: Read): (StoredRecord | undefined)[] {
    this.#check(require);
    return get.map((key) => this.#cache.row(key, this.#readRow));
  }

  list(request: List): StoredRecord[] {
    return this.#inSnapshot(() => this.#list(request));
  }

  #list({ require, prefix, after, limit, bytes = Infinity }: List): StoredRecord[] {
    // 0x01 and 0x7f are just below and just above the alphabet of keys.
    const from = after === undefined || after < prefix ? prefix : `${after}\x01`;
    this.#check(require);
    const found: StoredRecord[] = [];
    let size = 0;
    for (const row of this.#range.iterate(from, `${prefix}\x7f`, limit)) {
      const record = recordOf(String(row[0]), row[1], row[2]);
      found.push(record);
      size += record.value.length;
      if (size >= bytes) break;
    }
    return found;
  }

  changes(since: Cursor | undefined, limit: number): Changes {
    return this.#inSnapshot(() => {
      const extent = this.#extent.get();
      const head = Number(extent?.[1] ?? 0);
      const forgotten = Number(extent?.[0] ?? 1) - 1;
      const position = since === undefined ? head : Number(since);
      if (!(position >= forgotten && position <= head)) return { expired: true, cursor: String(head) };
      const rows = this.#changed.all(position, limit);
      const reached = Number(rows.at(-1)?.[0] ?? position);
      return { expired: false, keys: rows.map((row) => String(row[1])), cursor: String(reached), more: reached < head };
    });
  }

  /** Makes the next read see everything that is committed by now. */
  refresh(): void {
    this.#cache.doubt();
    this.#endSnapshot();
  }

  /** The writes of a transaction; pass them to `end` if it is committed. */
  writes(transaction: PreparedTransaction): readonly Written[] {
    return this.#cache.writes(transaction);
  }

  /** Call it when a batch has been sent to the database. */
  begin(): void {
    this.#cache.begin();
  }

  /** Call it when the batch has ended. The next read sees it. */
  end(batch: EndedBatch): void {
    this.#cache.end(batch);
    this.#endSnapshot();
  }

  #endSnapshot(): void {
    clearImmediate(this.#turnEnds);
    if (this.#snapshot && this.#database.isTransaction) this.#end.run();
    this.#snapshot = false;
  }

  close(): void {
    this.refresh();
    this.#database.close();
  }

  #rows(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  }

  #inSnapshot<T>(reads: () => T): T {
    return this.#orUnreadable(() => {
      if (!this.#snapshot) {
        const before = this.#cache.isLost ? this.#commitCount.read() : undefined;
        this.#begin.run();
        this.#snapshot = true;
        // First, so that a read that fails below leaves neither a snapshot nor rows of another one behind.
        this.#cache.doubt();
        this.#turnEnds = setImmediate(() => this.#endSnapshot());
        // Reading it also opens the snapshot, so it belongs to this one.
        const dataVersion = this.#dataVersion.get()?.[0];
        this.#cache.enter({ dataVersion, before, after: this.#countCommits });
      }
      return reads();
    });
  }

  #orUnreadable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw asUnreadable(error);
    }
  }

  #check(requirements: readonly Requirement[] | undefined): void {
    if (requirements === undefined) return;
    for (const { key, version } of requirements) {
      if (this.#cache.version(key, this.#readVersion) !== version) throw new Conflict(key);
    }
  }
}

function asUnreadable(error: unknown): unknown {
  return isDamage(error) ? new Unreadable('the database file is damaged', { cause: error }) : error;
}

function recordOf(key: string, version: unknown, value: unknown): StoredRecord {
  // The columns are STRICT and NOT NULL: any other type is not what was written.
  if (typeof version !== 'string' || !(value instanceof Uint8Array)) {
    throw new Unreadable(`the record ${key} has columns of other types than were written`);
  }
  return { key, version, value };
}

/** The header of the index: two copies of 48 bytes, in the machine's byte order. */
const copyBytes = 48;

/**
 * The number of commits of all connections: SQLite counts them in the index of its write-ahead log, the file `-shm`
 * (https://www.sqlite.org/walformat.html, 2.1: `iChange`). All connections have it mapped, so reading the file returns
 * what they see.
 */
export class CommitCount {
  readonly #descriptor: number;
  readonly #bytes = new Uint8Array(2 * copyBytes);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  /** `descriptor` of the file; it stays open as long as the database. */
  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** Modulo 2^32; `undefined` while the header is being written. */
  read(): number | undefined {
    if (readSync(this.#descriptor, this.#bytes, 0, this.#bytes.length, 0) < this.#bytes.length) return undefined;
    const words = copyBytes / 4;
    for (let word = 0; word < words; word += 1) {
      if (this.#words[word] !== this.#words[word + words]) return undefined;
    }
    return this.#words[2];
  }
}

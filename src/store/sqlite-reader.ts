import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { configure, isDamage } from './sqlite-file.ts';
import { assertList, assertRead, Conflict, resultOf, Unreadable } from './store.ts';
import type { Changes, Cursor, List, Read, ReadResult, Requirement, StoredRecord } from './store.ts';

/** A record's version and value as the database has them; `undefined`: there is no such record. */
type Row = { readonly version: string; readonly value: Uint8Array } | undefined;

const rowsMax = 4096;
/** A larger value is not kept, only its version: most reads of a vault's record ask for nothing else. */
const valueBytesMax = 4096;

/**
 * Rows of one state of the database, as they lie in it: sealed, where the store is. SQLite itself says when they are
 * not true any more (`PRAGMA data_version`, which changes with every commit of another connection), so that the cache is
 * emptied rather than kept up. Between a look at that and the next commit of ours, nobody need be asked.
 */
class RowCache {
  readonly #rows = new Map<string, Row>();
  readonly #versions = new Map<string, string | null>();
  #state: unknown;
  #doubted = true;

  /** To be told the database's `data_version` at the beginning of each snapshot. */
  enter(state: unknown): void {
    this.#doubted = false;
    if (state === this.#state) return;
    this.#state = state;
    this.#rows.clear();
    this.#versions.clear();
  }

  /** The database may have another state by now. */
  doubt(): void {
    this.#doubted = true;
  }

  /** Whether these rows and versions are all known, so that no snapshot is needed to have them. */
  knows(rows: readonly string[], versions: readonly Requirement[] = []): boolean {
    if (this.#doubted) return false;
    for (const key of rows) if (!this.#rows.has(key)) return false;
    for (const { key } of versions) if (!this.#versions.has(key)) return false;
    return true;
  }

  /** The row under `key`, read only if it is not known; in a snapshot. */
  row(key: string, read: (key: string) => Row): Row {
    if (this.#rows.has(key)) return this.#rows.get(key);
    const row = read(key);
    if (row === undefined || row.value.length <= valueBytesMax) keep(this.#rows, key, row);
    return row;
  }

  /** The version under `key`, `null` for no record; in a snapshot. */
  version(key: string, read: (key: string) => string | null): string | null {
    const known = this.#versions.get(key);
    if (known !== undefined) return known;
    const version = read(key);
    keep(this.#versions, key, version);
    return version;
  }
}

/** The oldest goes first: with more rows in use than there is place for, a cleverer order would not help either. */
function keep<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= rowsMax) {
    const { value: oldest } = cache.keys().next();
    if (oldest !== undefined) cache.delete(oldest);
  }
  cache.set(key, value);
}

/**
 * The connection of the reads, on the thread that asks: a point read costs less than a message to another thread.
 *
 * To open a snapshot costs more than to read a record from it, so all reads of one turn of the event loop share one, and
 * what is read again before the next commit needs none. The owner calls `refresh` before it tells anybody of a commit: a
 * read that starts after an acknowledged write sees it.
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
  readonly #cache = new RowCache();
  readonly #readRow = (key: string) => {
    const row = this.#record.get(key);
    return row === undefined ? undefined : recordOf(key, row[0], row[1]);
  };
  readonly #readVersion = (key: string) => {
    const version = this.#version.get(key)?.[0];
    return typeof version === 'string' ? version : null;
  };
  #snapshot = false;
  #turnEnds: NodeJS.Immediate | undefined;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    configure(this.#database);
    this.#begin = this.#database.prepare('BEGIN');
    // Nothing was written; and after a damaged page was read, COMMIT would fail.
    this.#end = this.#database.prepare('ROLLBACK');
    this.#version = this.#rows('SELECT version FROM records WHERE key = ?');
    this.#record = this.#rows('SELECT version, value FROM records WHERE key = ?');
    this.#range = this.#rows('SELECT key, version, value FROM records WHERE key >= ? AND key < ? ORDER BY key LIMIT ?');
    this.#extent = this.#rows('SELECT (SELECT min(position) FROM changes), (SELECT max(position) FROM changes)');
    this.#changed = this.#rows('SELECT position, key FROM changes WHERE position > ? ORDER BY position LIMIT ?');
    this.#dataVersion = this.#rows('PRAGMA data_version');
    // The first read opens the files of the log; the process may lose the right to do so later.
    this.#extent.get();
  }

  read(request: Read): (StoredRecord | undefined)[] {
    const known = this.#cache.knows(request.get, request.require);
    return known ? this.#read(request) : this.#inSnapshot(() => this.#read(request));
  }

  /** In a snapshot that begins now, so that it has what other processes committed too. */
  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] {
    this.refresh();
    return this.#inSnapshot(() =>
      requests.map((request) => resultOf(() => this.#orUnreadable(() => this.#readOrList(request)))),
    );
  }

  #readOrList(request: Read | List): readonly (StoredRecord | undefined)[] {
    if ('get' in request) {
      assertRead(request);
      return this.#read(request);
    }
    assertList(request);
    return this.#list(request);
  }

  #read({ require, get }: Read): (StoredRecord | undefined)[] {
    this.#check(require);
    return get.map((key) => {
      const row = this.#cache.row(key, this.#readRow);
      // A copy: whoever asked may write into it.
      return row === undefined ? undefined : { key, version: row.version, value: row.value.slice() };
    });
  }

  list(request: List): StoredRecord[] {
    return this.#inSnapshot(() => this.#list(request));
  }

  #list({ require, prefix, after, limit, bytes = Infinity }: List): StoredRecord[] {
    // 0x01 and 0x7f are outside the alphabet of keys, on either side of it.
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

  /** The next read sees all that is committed by now. */
  refresh(): void {
    this.#cache.doubt();
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
        this.#begin.run();
        this.#snapshot = true;
        // Reading it also opens the snapshot, so that it speaks of this one.
        this.#cache.enter(this.#dataVersion.get()?.[0]);
        this.#turnEnds = setImmediate(() => this.#endSnapshot());
      }
      return reads();
    });
  }

  #orUnreadable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (isDamage(error)) throw new Unreadable('the database file is damaged', { cause: error });
      throw error;
    }
  }

  #check(requirements: readonly Requirement[] | undefined): void {
    if (requirements === undefined) return;
    for (const { key, version } of requirements) {
      if (this.#cache.version(key, this.#readVersion) !== version) throw new Conflict(key);
    }
  }
}

function recordOf(key: string, version: unknown, value: unknown): StoredRecord {
  // The columns are STRICT and NOT NULL: anything else is not what was written.
  if (typeof version !== 'string' || !(value instanceof Uint8Array)) {
    throw new Unreadable(`the record ${key} has columns of other types than were written`);
  }
  return { key, version, value };
}

import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { randomHex } from '../crypto/random-hex.ts';
import { StoreRefused } from './refused.ts';
import { createDatabase, isDamage, lockDatabase, verifyDatabase } from './sqlite-file.ts';
import { CommitCount, SqliteReader } from './sqlite-reader.ts';
import { SqliteWriter } from './sqlite-writer.ts';
import type { PreparedTransaction } from './sqlite-batch.ts';
import { assertLimit, assertList, assertRead, assertTransaction, Unreadable } from './store.ts';
import type { Changes, Cursor, List, Read, ReadResult, Store, StoredRecord, Transaction, Version } from './store.ts';

interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly inode: number;
  readonly device: number;
}

/**
 * The files that SQLite has open, by descriptors of our own, and whether they are still those of the folder. A process
 * can continue to write to a file that was removed, and all of it is lost when the process ends.
 *
 * The descriptors must stay open until SQLite has closed its own: POSIX drops all locks of a process on a file as soon
 * as that process closes any descriptor of it (fcntl(2)).
 */
class OpenFiles {
  readonly #files: readonly OpenFile[];
  readonly #folder: number | undefined;

  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => {
      const fd = openSync(path, 'r');
      const { ino: inode, dev: device } = fstatSync(fd);
      return { path, fd, inode, device };
    });
    this.#folder = paths.every(isAbsolute) ? undefined : statSync('.').ino;
  }

  /** The descriptor of one of them, open for reading. */
  descriptor(path: string): number {
    const file = this.#files.find((each) => each.path === path);
    if (file === undefined) throw new TypeError(`${path} is not one of the files`);
    return file.fd;
  }

  /** The path of a file that was removed: it has no name in any folder. Cheap enough for each commit. */
  removed(): string | undefined {
    return this.#files.find(({ fd }) => fstatSync(fd).nlink === 0)?.path;
  }

  /** The path of a file that was removed, moved or replaced. */
  missing(): string | undefined {
    const removed = this.removed();
    // A relative path means nothing in another working directory.
    if (removed !== undefined || (this.#folder !== undefined && statSync('.').ino !== this.#folder)) return removed;
    return this.#files.find(({ path, inode, device }) => {
      const there = statSync(path, { throwIfNoEntry: false });
      return there?.ino !== inode || there.dev !== device;
    })?.path;
  }

  close(): void {
    for (const { fd } of this.#files) closeSync(fd);
  }
}

interface SqliteStoreOptions {
  /** Created if it is missing, with mode 0600; `-wal`, `-shm` and `.lock` are beside it. On a local file system. */
  readonly file: string;
  /** How many of the last changes are kept for `changes`. */
  readonly history?: number;
  /** Called once if a file of the database was removed, moved or replaced; nothing is read or written after that. */
  readonly lost?: (error: Unreadable) => void;
}

/** How long a file can be missing before that is noticed. A removed file is noticed before a write is acknowledged. */
const lookEveryMs = 500;

/**
 * A store in one SQLite file, for one process: write-ahead log with `synchronous=FULL`, so that acknowledged writes
 * survive a kill and a power failure. Reads run on the calling thread, writes in a thread of their own. After the
 * promise has resolved, no more files are opened by path.
 * @throws {StoreRefused} `inUse`, `notOurs`, `otherFormat`, `cutOff`
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  const { file, history = 100_000, lost = () => {} } = options;
  const lock = lockDatabase(file);
  let reader: SqliteReader | undefined;
  let writer: SqliteWriter | undefined;
  let files: OpenFiles | undefined;
  try {
    createDatabase(file);
    verifyDatabase(file);
    const assertInPlace = () => store.assertInPlace();
    writer = new SqliteWriter({ file, history }, { follower: () => reader, assertInPlace });
    await writer.ready();
    files = new OpenFiles([file, `${file}-wal`, `${file}-shm`, `${file}.lock`]);
    reader = new SqliteReader(file, new CommitCount(files.descriptor(`${file}-shm`)));
    const store = new SqliteStore({ lock, reader, writer, files }, lost);
    return store;
  } catch (error) {
    reader?.close();
    await writer?.close();
    lock.close();
    files?.close();
    if (isDamage(error)) throw new StoreRefused('notOurs', `${file} is damaged. Restore it from a good copy.`);
    throw error;
  }
}

interface SqliteParts {
  readonly lock: DatabaseSync;
  readonly reader: SqliteReader;
  readonly writer: SqliteWriter;
  readonly files: OpenFiles;
}

class SqliteStore implements Store {
  readonly #lock: DatabaseSync;
  readonly #reader: SqliteReader;
  readonly #writer: SqliteWriter;
  readonly #files: OpenFiles;
  readonly #tellLost: (error: Unreadable) => void;
  readonly #looking: NodeJS.Timeout;
  #lost: Unreadable | undefined;
  #closed: Promise<void> | undefined;

  constructor({ lock, reader, writer, files }: SqliteParts, tellLost: (error: Unreadable) => void) {
    this.#lock = lock;
    this.#reader = reader;
    this.#writer = writer;
    this.#files = files;
    this.#tellLost = tellLost;
    this.#looking = setInterval(() => this.#loseIf(this.#files.missing()), lookEveryMs).unref();
  }

  /**
   * Call it before a commit is acknowledged.
   * @throws {Unreadable} when the commit went into a file that was removed
   */
  assertInPlace(): void {
    this.#loseIf(this.#files.removed());
    if (this.#lost !== undefined) throw this.#lost;
  }

  #loseIf(path: string | undefined): void {
    if (path === undefined || this.#lost !== undefined) return;
    this.#lost = new Unreadable(`the database file ${path} is gone`);
    const whole = new Unreadable(
      `The database file ${path} was removed, moved or replaced while the server was running. All requests are refused ` +
        'now, because a restart would lose what they change. Until this process ends, the contents can be ' +
        `copied from /proc/${process.pid}/fd. Then restore the files, or a good copy of them, and start again.`,
    );
    this.#tellLost(whole);
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

  readMany(requests: readonly (Read | List)[]): readonly ReadResult[] {
    this.#assertOpen();
    return this.#reader.readMany(requests);
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

  /** The lock is released last: its next owner finds the file unused. */
  async #close(): Promise<void> {
    clearInterval(this.#looking);
    this.#reader.close();
    await this.#writer.close();
    this.#lock.close();
    this.#files.close();
  }

  #assertOpen(): void {
    if (this.#closed !== undefined) throw new Error('the store is closed');
    if (this.#lost !== undefined) throw this.#lost;
  }
}

function prepare(transaction: Transaction): PreparedTransaction {
  return {
    require: transaction.require ?? [],
    put: (transaction.put ?? []).map(({ key, value, version = randomHex() }) => ({ key, value, version })),
    delete: transaction.delete ?? [],
  };
}

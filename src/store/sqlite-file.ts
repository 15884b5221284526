import { closeSync, existsSync, fstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from './refused.ts';
import { syncFolder } from './sync-folder.ts';

// The file's header is read with `node:fs` before SQLite opens the file, and never after: POSIX drops all locks of a
// process on a file, including SQLite's, as soon as the process closes any descriptor of it (fcntl(2)).

/** "Post" in ASCII; marks the database as ours in the file's header (https://www.sqlite.org/fileformat2.html, 1.3). */
const applicationId = 0x506f7374;
const formatNumber = 1;

const schema = `
  CREATE TABLE records (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE changes (position INTEGER PRIMARY KEY, key TEXT NOT NULL) STRICT;
`;

/**
 * A lock that ends with the process, however that ends: an exclusive transaction on a separate database that is always
 * empty, because Node has no `flock`. The database itself cannot be locked in this way: SQLite's exclusive mode would
 * lock out our own second connection, which reads.
 * @throws {StoreRefused} `inUse`
 */
export function lockDatabase(file: string): DatabaseSync {
  createPrivately(`${file}.lock`);
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    if (sqliteCode(error) !== 5) throw error;
    throw new StoreRefused('inUse', `${file} is already open: another process uses this data folder. Stop it first.`);
  }
}

/** Creates the database if it does not exist. It appears whole or not at all, so an empty file is a damaged one. */
export function createDatabase(file: string): void {
  if (existsSync(file)) return;
  const unfinished = `${file}.new`;
  for (const leftover of [unfinished, `${unfinished}-wal`, `${unfinished}-shm`]) rmSync(leftover, { force: true });
  createPrivately(unfinished);
  const database = new DatabaseSync(unfinished);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec(
    `BEGIN; ${schema} PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${formatNumber}; COMMIT`,
  );
  database.close();
  renameSync(unfinished, file);
  syncFolder(dirname(file));
}

/**
 * Checks only the header and the length, so the cost does not depend on the size. A damaged page inside is noticed when
 * it is read, as `Unreadable`.
 * @throws {StoreRefused} `notOurs`, `otherFormat` or `cutOff`
 */
export function verifyDatabase(file: string): void {
  const { header, size } = readHeader(file);
  if (size < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw new StoreRefused('notOurs', `${file} is damaged, or is not an SQLite database. Restore it from a good copy.`);
  }
  if (header.readUInt32BE(68) !== applicationId) {
    throw new StoreRefused('notOurs', `${file} is the database of another application. Choose another data folder.`);
  }
  const format = header.readUInt32BE(60);
  if (format !== formatNumber) {
    const known = `this version of Postern knows format ${formatNumber}`;
    throw new StoreRefused('otherFormat', `${file} has format ${format}; ${known}. Start the version that wrote it.`);
  }
  // 1 means 65,536 bytes.
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const pages = Math.floor(size / pageSize);
  const expected = header.readUInt32BE(28);
  if (pages >= expected || logHasPages(`${file}-wal`, pageSize, { from: pages + 1, to: expected })) return;
  const found = `${file} is cut off: it has ${pages} of the ${expected} pages that its header promises`;
  throw new StoreRefused('cutOff', `${found}. Restore it from a good copy.`);
}

/** The settings of every connection. Temporary tables stay in memory: no file is opened by its path later. */
export function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;
  `);
}

/** SQLite's primary result code (https://www.sqlite.org/rescode.html), or `undefined` if the error is not SQLite's. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** SQLITE_CORRUPT or SQLITE_NOTADB. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 11 || code === 26;
}

/** With mode 0600, which SQLite also gives to the files beside it. An existing file is not even opened. */
function createPrivately(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'wx', 0o600));
}

function readHeader(file: string): { header: Buffer; size: number } {
  const descriptor = openSync(file, 'r');
  try {
    const header = Buffer.alloc(100);
    readSync(descriptor, header, 0, header.length, 0);
    return { header, size: fstatSync(descriptor).size };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A checkpoint that was cut short leaves a database without its last pages; the log then still has each of them. Frames
 * of an earlier round of the log have other salts (https://www.sqlite.org/fileformat2.html, 4.1).
 */
function logHasPages(log: string, pageSize: number, wanted: { from: number; to: number }): boolean {
  if (!existsSync(log)) return false;
  const missing = new Set<number>();
  for (let page = wanted.from; page <= wanted.to; page += 1) missing.add(page);
  const descriptor = openSync(log, 'r');
  try {
    const header = Buffer.alloc(32);
    const frame = Buffer.alloc(24);
    if (readSync(descriptor, header, 0, 32, 0) < 32) return false;
    for (let offset = 32; readSync(descriptor, frame, 0, 24, offset) === 24; offset += 24 + pageSize) {
      if (frame.compare(header, 16, 24, 8, 16) !== 0) break;
      missing.delete(frame.readUInt32BE(0));
    }
    return missing.size === 0;
  } finally {
    closeSync(descriptor);
  }
}

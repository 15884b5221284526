/**
 * The thread that reads what goes into a backup: the records in one snapshot of the database, row by row, and the files of
 * the log by their open descriptors. It needs no key, for it reads records as they are sealed.
 *
 * A copy of the rows takes three times the processor time of SQLite's own copies, but no second place on the disk of
 * the data folder, where a killed process would leave it (bench/README.md); and the online copy begins again
 * with each commit of another connection.
 */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setPriority } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { configure } from '../store/sqlite-file.ts';
import { chunkBytes, recordLine } from './record-lines.ts';
import { headerOf, paddingAfter } from './tar.ts';

export interface BackupThreadData {
  readonly file: string;
}

/** A file of the log as it is when the backup is made. */
export interface OpenLogFile {
  readonly name: string;
  readonly descriptor: number;
  readonly size: number;
  readonly modifiedS: number;
}

/** `begin` comes once, after `taken`; each request gets one reply. */
export type ToBackupThread =
  | { readonly kind: 'begin'; readonly log: readonly OpenLogFile[]; readonly modifiedS: number }
  | { readonly kind: 'more' };

export type FromBackupThread =
  /** The snapshot is taken: everything that is committed by now is in it. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly records: number; readonly parts: readonly ReadPart[] }
  | { readonly kind: 'failed'; readonly message: string };

export interface ReadPart {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

/** Behind the threads that answer requests. */
const niceness = 10;

/** The rows of the seal come first: who reads the backup needs its keys for all others. */
const selections = [
  "SELECT key, version, value FROM records WHERE key >= 'seal/' AND key < 'seal0' ORDER BY key",
  "SELECT key, version, value FROM records WHERE key < 'seal/' OR key >= 'seal0' ORDER BY key",
];

class BackupReader {
  readonly #database: DatabaseSync;
  readonly #parts: ReadPart[] = [];
  #records = 0;
  #pieces: Iterator<Uint8Array> | undefined;

  constructor({ file }: BackupThreadData) {
    this.#database = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
    configure(this.#database);
    this.#database.exec('BEGIN');
    // A snapshot begins with the first read.
    this.#database.prepare('SELECT max(position) FROM changes').get();
  }

  answer(request: ToBackupThread): FromBackupThread {
    if (request.kind === 'begin') this.#pieces = this.#read(request);
    const next = this.#pieces?.next();
    if (next?.done === false) return { kind: 'bytes', bytes: next.value };
    return { kind: 'end', records: this.#records, parts: this.#parts };
  }

  *#read({ log, modifiedS }: Extract<ToBackupThread, { readonly kind: 'begin' }>): Generator<Uint8Array> {
    yield* this.#readRecords(modifiedS);
    // From here the write-ahead log can be emptied again.
    this.#database.exec('COMMIT');
    this.#database.close();
    for (const file of log) yield* this.#readLog(file);
  }

  *#readRecords(modifiedS: number): Generator<Uint8Array> {
    const hash = createHash('sha256');
    let [size, members, chunk] = [0, 0, ''];
    const member = (): Uint8Array => {
      const contents = Buffer.from(chunk, 'latin1');
      chunk = '';
      members += 1;
      size += contents.length;
      hash.update(contents);
      const name = `records/${String(members).padStart(8, '0')}`;
      const header = headerOf({ name, size: contents.length, modifiedS });
      return Buffer.concat([header, contents, paddingAfter(contents.length)]);
    };
    for (const selection of selections) {
      for (const row of this.#database.prepare(selection).iterate()) {
        const { key, version, value } = row;
        if (typeof key !== 'string' || typeof version !== 'string' || !(value instanceof Uint8Array))
          throw new Error('a row of the database is not a record');
        this.#records += 1;
        chunk += recordLine({ key, version, value });
        if (chunk.length >= chunkBytes) yield member();
      }
    }
    if (chunk !== '') yield member();
    if (members > 0) this.#parts.push({ name: 'records/', size, sha256: hash.digest('hex') });
  }

  *#readLog({ name, descriptor, size, modifiedS }: OpenLogFile): Generator<Uint8Array> {
    const hash = createHash('sha256');
    yield headerOf({ name, size, modifiedS });
    for (let position = 0; position < size;) {
      const piece = Buffer.alloc(Math.min(chunkBytes, size - position));
      const read = readSync(descriptor, piece, 0, piece.length, position);
      if (read === 0) throw new Error(`${name} was cut by another program while it was read`);
      hash.update(piece.subarray(0, read));
      position += read;
      yield piece.subarray(0, read);
    }
    this.#parts.push({ name, size, sha256: hash.digest('hex') });
    yield paddingAfter(size);
  }
}

function serve(data: unknown): void {
  const port = parentPort;
  if (port === null || !isThreadData(data)) throw new Error('this file is the thread of a backup, not a program');
  const reply = (message: FromBackupThread): void => port.postMessage(message);
  const answered = (work: () => FromBackupThread): void => {
    try {
      reply(work());
    } catch (error) {
      reply({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  answered(() => {
    // On Linux this concerns the calling thread alone (setpriority(2), NOTES).
    if (process.platform === 'linux') setPriority(niceness);
    const reader = new BackupReader(data);
    port.on('message', (request: ToBackupThread) => answered(() => reader.answer(request)));
    return { kind: 'taken' };
  });
}

function isThreadData(data: unknown): data is BackupThreadData {
  return typeof data === 'object' && data !== null && 'file' in data && typeof data.file === 'string';
}

const given: unknown = workerData;
serve(given);

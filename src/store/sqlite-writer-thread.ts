import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { configure, isDamage } from './sqlite-file.ts';
import type { BatchReply, PreparedTransaction, WriterReply, WriterRequest, WriterThreadData } from './sqlite-writer.ts';

/** How many pages the log may have, by a generous estimate, before a checkpoint is due. */
const logPagesLimit = 2_000;

/** The only connection that writes; each batch is one SQLite transaction, and so one fsync. */
class BatchWriter {
  readonly #history: number;
  readonly #database: DatabaseSync;
  readonly #version;
  readonly #put;
  readonly #delete;
  readonly #log;
  readonly #forget;
  /** The position of the last change. */
  #head: number;
  #logPages = 0;

  constructor({ file, history }: WriterThreadData) {
    this.#history = history;
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    configure(this.#database);
    this.#database.exec('PRAGMA wal_autocheckpoint = 0');
    this.#version = this.#database.prepare('SELECT version FROM records WHERE key = ?');
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO records (key, version, value) VALUES (?, ?, ?)');
    this.#delete = this.#database.prepare('DELETE FROM records WHERE key = ?');
    this.#log = this.#database.prepare('INSERT INTO changes (position, key) VALUES (?, ?)');
    this.#forget = this.#database.prepare('DELETE FROM changes WHERE position <= ?');
    this.#head = Number(this.#database.prepare('SELECT max(position) AS head FROM changes').get()?.['head'] ?? 0);
  }

  /** For each transaction the key of its conflict, or `null`. When this throws, nothing of the batch is committed. */
  commit(batch: readonly PreparedTransaction[]): (string | null)[] {
    const head = this.#head;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const conflicts = batch.map((transaction) => this.#apply(transaction));
      if (this.#head > head) this.#forget.run(this.#head - this.#history);
      this.#database.exec('COMMIT');
      return conflicts;
    } catch (error) {
      this.#head = head;
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Whether the log is long enough to be written back into the database. */
  get checkpointDue(): boolean {
    return this.#logPages >= logPagesLimit;
  }

  /** Waits for nobody. What a snapshot of the reads still needs stays in the log, until the next time. */
  checkpoint(): void {
    const outcome = this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
    if (outcome?.['log'] === outcome?.['checkpointed']) this.#logPages = 0;
  }

  /**
   * All of the log goes into the database, which is then one whole file. Closing the last connection removes the log's
   * file, but only where the way to it is still open to this process; it is empty in any case.
   */
  close(): void {
    try {
      this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    } catch {
      // On a full disk the log stays, and the next start reads it.
    }
    this.#database.close();
  }

  #apply(transaction: PreparedTransaction): string | null {
    for (const { key, version } of transaction.require) {
      if ((this.#version.get(key)?.['version'] ?? null) !== version) return key;
    }
    for (const { key, version, value } of transaction.put) {
      this.#put.run(key, version, value);
      this.#logPages += 1 + Math.ceil(value.length / 4_096);
      this.#changed(key);
    }
    for (const key of transaction.delete) {
      if (this.#delete.run(key).changes > 0) this.#changed(key);
    }
    return null;
  }

  #changed(key: string): void {
    this.#head += 1;
    this.#logPages += 2;
    this.#log.run(this.#head, key);
  }
}

function serve(data: unknown): void {
  const port = parentPort;
  if (port === null || !isThreadData(data))
    throw new Error('this file is the writer thread of openSqliteStore, not a program');
  const reply = (message: WriterReply): void => port.postMessage(message);
  const writer = new BatchWriter(data);
  port.on('message', (request: WriterRequest) => {
    if (request === 'close') {
      writer.close();
      port.close();
    } else {
      reply(request === 'checkpoint' ? checkpoint(writer) : commit(writer, request));
    }
  });
  reply({ kind: 'ready' });
}

function commit(writer: BatchWriter, batch: readonly PreparedTransaction[]): BatchReply {
  try {
    const conflicts = writer.commit(batch);
    return { kind: 'committed', conflicts, checkpointDue: writer.checkpointDue };
  } catch (error) {
    const message = `the database could not be written: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'failed', message, damaged: isDamage(error) };
  }
}

/** When this fails, what was committed is in the log as before, and the next checkpoint tries again. */
function checkpoint(writer: BatchWriter): WriterReply {
  try {
    writer.checkpoint();
  } catch {
    // A full disk or a damaged file is told to whoever writes or reads next.
  }
  return { kind: 'checkpointed' };
}

function isThreadData(data: unknown): data is WriterThreadData {
  if (typeof data !== 'object' || data === null || !('file' in data) || !('history' in data)) return false;
  return typeof data.file === 'string' && typeof data.history === 'number';
}

const given: unknown = workerData;
serve(given);

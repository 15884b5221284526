import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { configure, isDamage } from './sqlite-file.ts';
import type { PreparedTransaction, WriterReply, WriterRequest, WriterThreadData } from './sqlite-writer.ts';

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

  constructor({ file, history }: WriterThreadData) {
    this.#history = history;
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    configure(this.#database);
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

  close(): void {
    this.#database.close();
  }

  #apply(transaction: PreparedTransaction): string | null {
    for (const { key, version } of transaction.require) {
      if ((this.#version.get(key)?.['version'] ?? null) !== version) return key;
    }
    for (const { key, version, value } of transaction.put) {
      this.#put.run(key, version, value);
      this.#changed(key);
    }
    for (const key of transaction.delete) {
      if (this.#delete.run(key).changes > 0) this.#changed(key);
    }
    return null;
  }

  #changed(key: string): void {
    this.#head += 1;
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
      return;
    }
    try {
      reply({ kind: 'committed', conflicts: writer.commit(request) });
    } catch (error) {
      const message = `the database could not be written: ${error instanceof Error ? error.message : String(error)}`;
      reply({ kind: 'failed', message, damaged: isDamage(error) });
    }
  });
  reply({ kind: 'ready' });
}

function isThreadData(data: unknown): data is WriterThreadData {
  if (typeof data !== 'object' || data === null || !('file' in data) || !('history' in data)) return false;
  return typeof data.file === 'string' && typeof data.history === 'number';
}

const given: unknown = workerData;
serve(given);

import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { KnownVersions } from './row-cache.ts';
import { configure, isDamage } from './sqlite-file.ts';
import { transactionsOf } from './sqlite-batch.ts';
import type { BatchMessage, PreparedTransaction } from './sqlite-batch.ts';
import type { Version } from './store.ts';
import type { BatchReply, WriterReply, WriterRequest, WriterThreadData } from './sqlite-writer.ts';

/** How many pages the log may have before a checkpoint is due. */
const logPagesLimit = 1_000;

/** How many versions are remembered for the requirements of transactions. */
const versionsMax = 4_096;

type Committed = Extract<BatchReply, { readonly kind: 'committed' }>;

/** The only connection that writes; each batch is one SQLite transaction, and so one fsync. */
class BatchWriter {
  readonly #history: number;
  readonly #database: DatabaseSync;
  readonly #othersVersion;
  readonly #logSize;
  readonly #version;
  readonly #put;
  readonly #delete;
  readonly #log;
  readonly #forget;
  /** As of our last commit, if no other connection has committed since. */
  readonly #known = new KnownVersions(versionsMax);
  #others: unknown;
  /** The position of the last change. */
  #head: number;
  readonly #readVersion = (key: string): Version | null => {
    const version = this.#version.get(key)?.[0];
    return typeof version === 'string' ? version : null;
  };

  constructor({ file, history }: WriterThreadData) {
    this.#history = history;
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    configure(this.#database);
    this.#database.exec('PRAGMA wal_autocheckpoint = 0');
    this.#othersVersion = this.#rows('PRAGMA data_version');
    this.#logSize = this.#rows('PRAGMA wal_checkpoint(NOOP)');
    this.#version = this.#rows('SELECT version FROM records WHERE key = ?');
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO records (key, version, value) VALUES (?, ?, ?)');
    this.#delete = this.#database.prepare('DELETE FROM records WHERE key = ?');
    this.#log = this.#database.prepare('INSERT INTO changes (position, key) VALUES (?, ?)');
    this.#forget = this.#database.prepare('DELETE FROM changes WHERE position <= ?');
    this.#head = Number(this.#database.prepare('SELECT max(position) AS head FROM changes').get()?.['head'] ?? 0);
  }

  /**
   * Returns for each transaction the key of its conflict, or `null`, and the number of commits. If it throws, nothing
   * of the batch is committed.
   */
  commit(batch: readonly PreparedTransaction[]): Pick<Committed, 'conflicts' | 'commits'> {
    const head = this.#head;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#forgetIfOthersWrote();
      const conflicts = batch.map((transaction) => this.#apply(transaction));
      if (this.#head > head) this.#forget.run(this.#head - this.#history);
      this.#database.exec('COMMIT');
      // SQLite makes no commit if nothing changes.
      return { conflicts, commits: this.#head > head ? 1 : 0 };
    } catch (error) {
      this.#head = head;
      this.#known.clear();
      // SQLite has rolled back by itself after some errors.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** From here to the end of the transaction no other connection can write. */
  #forgetIfOthersWrote(): void {
    // It changes only with commits of other connections (https://www.sqlite.org/pragma.html#pragma_data_version).
    const others = this.#othersVersion.get()?.[0];
    if (others !== this.#others) this.#known.clear();
    this.#others = others;
  }

  /** Whether so much of the log is not in the database yet that a checkpoint is due. */
  isCheckpointDue(): boolean {
    const size = this.#logSize.get();
    return Number(size?.[1]) - Number(size?.[2]) >= logPagesLimit;
  }

  /** Waits for no reader. What a snapshot still needs stays in the log until the next time. */
  checkpoint(): void {
    this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
  }

  /**
   * Writes all of the log into the database, which is then one whole file. Closing the last connection removes the
   * log's file, but only if this process can still reach it; it is empty in any case.
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
      if (this.#known.version(key, this.#readVersion) !== version) return key;
    }
    for (const { key, version, value } of transaction.put) {
      this.#put.run(key, version, value);
      this.#known.wrote(key, version);
      this.#changed(key);
    }
    for (const key of transaction.delete) {
      this.#known.wrote(key, null);
      if (this.#delete.run(key).changes > 0) this.#changed(key);
    }
    return null;
  }

  #changed(key: string): void {
    this.#head += 1;
    this.#log.run(this.#head, key);
  }

  #rows(sql: string): StatementSync {
    const statement = this.#database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
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

function commit(writer: BatchWriter, batch: BatchMessage): BatchReply {
  let committed: Pick<Committed, 'conflicts' | 'commits'>;
  try {
    committed = writer.commit(transactionsOf(batch));
  } catch (error) {
    const message = `the database could not be written: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'failed', message, damaged: isDamage(error) };
  }
  return { kind: 'committed', ...committed, checkpointDue: isCheckpointDue(writer) };
}

/** A commit is valid even if this check fails; the next commit then repeats it. */
function isCheckpointDue(writer: BatchWriter): boolean {
  try {
    return writer.isCheckpointDue();
  } catch {
    return false;
  }
}

/** If this fails, commits are in the log as before, and the next checkpoint tries again. */
function checkpoint(writer: BatchWriter): WriterReply {
  try {
    writer.checkpoint();
  } catch {
    // The next write or read reports a full disk or a damaged file.
  }
  return { kind: 'checkpointed' };
}

function isThreadData(data: unknown): data is WriterThreadData {
  if (typeof data !== 'object' || data === null || !('file' in data) || !('history' in data)) return false;
  return typeof data.file === 'string' && typeof data.history === 'number';
}

const given: unknown = workerData;
serve(given);

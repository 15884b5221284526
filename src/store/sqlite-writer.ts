import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import { Conflict, Unreadable } from './store.ts';
import type { Put, Requirement, Version } from './store.ts';

/** A transaction as it goes to the thread: complete, with a version for each put. */
export interface PreparedTransaction {
  readonly require: readonly Requirement[];
  readonly put: readonly Required<Put>[];
  readonly delete: readonly string[];
}

export interface WriterThreadData {
  readonly file: string;
  readonly history: number;
}

/** To the thread: a batch to commit, or an order. Each but the last, `close`, is answered before the next one is sent. */
export type WriterRequest = readonly PreparedTransaction[] | 'checkpoint' | 'close';

export type WriterReply = BatchReply | { readonly kind: 'ready' } | { readonly kind: 'checkpointed' };

/** `conflicts`: for each transaction of the batch, in order, the key of its conflict or `null`. */
export type BatchReply =
  | { readonly kind: 'committed'; readonly conflicts: readonly (string | null)[]; readonly checkpointDue: boolean }
  | { readonly kind: 'failed'; readonly message: string; readonly damaged: boolean };

interface Job {
  readonly transaction: PreparedTransaction;
  readonly done: PromiseWithResolvers<readonly Version[]>;
}

/**
 * Read with this module, for the worker opens its database when the way to its own code may be closed to it. The file
 * has the ending that this one has: .ts in a checkout, .js in dist/.
 */
const code = readThreadCode(new URL(`./sqlite-writer-thread${extname(import.meta.url)}`, import.meta.url));

/** How many transactions share one commit at most, so that a flood of writes cannot hold up the first of them. */
const batchLimit = 512;

/**
 * The near end of the writer thread. While one batch is being committed, all that comes in waits for the next one: the
 * more writes there are, the more of them share one fsync.
 *
 * Checkpoints are ordered from here, since SQLite's own never begin the log anew while reads keep coming. After a commit
 * the reads are refreshed and so need nothing older than the end of the log: all of it can be written back. After that
 * they are refreshed again and read from the database alone: the next commit begins the log anew. Nobody waits.
 */
export class SqliteWriter {
  readonly #thread: Worker;
  readonly #refresh: () => void;
  readonly #assertInPlace: () => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  #waiting: Job[] = [];
  #batch: readonly Job[] = [];
  #scheduled = false;
  #awaiting = false;
  #closing = false;
  #failure: Error | undefined;

  /**
   * `refresh` is called after each commit, before anybody hears of it, and after each checkpoint. `assertInPlace` throws
   * when what was committed went into a file that is gone.
   */
  constructor(
    data: WriterThreadData,
    { refresh, assertInPlace }: { readonly refresh: () => void; readonly assertInPlace: () => void },
  ) {
    this.#refresh = refresh;
    this.#assertInPlace = assertInPlace;
    // The environment may hold the master key, which this thread has no use for.
    this.#thread = new Worker(startThread, { workerData: { ...data, code }, env: {}, execArgv: [], eval: true });
    this.#thread.on('message', (reply: WriterReply) => this.#receive(reply));
    this.#thread.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#thread.on('exit', () => {
      this.#fail(new Error('the writer thread of the database has ended'));
      this.#exited.resolve();
    });
  }

  /** Fulfilled when the thread has opened the database and will open nothing more. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  transact(transaction: PreparedTransaction): Promise<readonly Version[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const done = Promise.withResolvers<readonly Version[]>();
    this.#waiting.push({ transaction, done });
    this.#schedule();
    return done.promise;
  }

  /** What was handed over before is committed first. The last connection to close empties the log. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#schedule();
    await this.#exited.promise;
  }

  /** At the end of the turn, so that writes that come in together are committed together. */
  #schedule(): void {
    if (this.#scheduled || this.#awaiting) return;
    this.#scheduled = true;
    setImmediate(() => this.#post());
  }

  #post(): void {
    this.#scheduled = false;
    this.#batch = this.#waiting.slice(0, batchLimit);
    this.#waiting = this.#waiting.slice(batchLimit);
    if (this.#batch.length > 0) this.#send(this.#batch.map((job) => job.transaction));
    else if (this.#closing) this.#send('close');
  }

  #send(request: WriterRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
    this.#thread.postMessage(request);
    this.#awaiting = true;
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'ready') return this.#ready.resolve();
    this.#awaiting = false;
    this.#refresh();
    if (reply.kind !== 'checkpointed') this.#settle(this.#judged(reply));
    if (reply.kind === 'committed' && reply.checkpointDue) this.#send('checkpoint');
    else if (this.#waiting.length > 0 || this.#closing) this.#schedule();
  }

  #judged(reply: BatchReply): BatchReply {
    if (reply.kind === 'failed') return reply;
    try {
      this.#assertInPlace();
      return reply;
    } catch (error) {
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error), damaged: true };
    }
  }

  #settle(reply: BatchReply): void {
    const batch = this.#batch;
    this.#batch = [];
    for (const [index, { transaction, done }] of batch.entries()) {
      const conflict = reply.kind === 'committed' ? (reply.conflicts[index] ?? null) : null;
      if (reply.kind === 'failed')
        done.reject(reply.damaged ? new Unreadable(reply.message) : new Error(reply.message));
      else if (conflict !== null) done.reject(new Conflict(conflict));
      else done.resolve(transaction.put.map((put) => put.version));
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#ready.reject(this.#failure);
    for (const job of [...this.#batch, ...this.#waiting]) job.done.reject(this.#failure);
    this.#batch = [];
    this.#waiting = [];
  }
}

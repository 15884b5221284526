import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import { programUrl } from '../programs/programs.ts';
import type { EndedBatch, Written } from './row-cache.ts';
import { BatchBuilder } from './sqlite-batch.ts';
import type { BatchMessage, PreparedTransaction } from './sqlite-batch.ts';
import { Conflict, Unreadable } from './store.ts';
import type { Version } from './store.ts';

export interface WriterThreadData {
  readonly file: string;
  readonly history: number;
}

/**
 * A message to the thread: a batch to commit, or an order. All except the last, `close`, are answered before the next
 * is sent.
 */
export type WriterRequest = BatchMessage | 'checkpoint' | 'close';

export type WriterReply = BatchReply | { readonly kind: 'ready' } | { readonly kind: 'checkpointed' };

/** `conflicts`: for each transaction of the batch, in order, the key of its conflict or `null`. */
export type BatchReply =
  | {
      readonly kind: 'committed';
      readonly conflicts: readonly (string | null)[];
      /** The number of commits: none if nothing was changed. */
      readonly commits: 0 | 1;
      readonly checkpointDue: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string; readonly damaged: boolean };

/** A reader of the same database that must know about commits. */
interface Follower {
  /** The writes to pass to `end` if the transaction is committed. */
  writes(transaction: PreparedTransaction): readonly Written[];
  /** A batch has been sent. */
  begin(): void;
  /** The batch has ended; called before anything else hears of it. */
  end(batch: EndedBatch): void;
  /** The log has been written back into the database. */
  refresh(): void;
}

interface Job {
  readonly written: readonly Written[];
  /** The versions of the puts, in order. */
  readonly versions: readonly Version[];
  readonly done: PromiseWithResolvers<readonly Version[]>;
}

interface Batch {
  readonly builder: BatchBuilder;
  readonly jobs: Job[];
}

/**
 * Read when this module is loaded, because the worker may not be able to reach its own code when it opens its database.
 */
const code = readThreadCode(programUrl('sqlite-writer-thread'));

/** The most transactions in one commit, so that many writes cannot delay the first of them. */
const batchLimit = 512;

/**
 * The calling side of the writer thread. While one batch is being committed, new transactions wait for the next one:
 * the more writes there are, the more of them share one fsync.
 *
 * Checkpoints are ordered from here, because SQLite's own never restart the log while reads keep coming. After a commit
 * the reads are refreshed, so they need nothing older than the end of the log, and all of it can be written back. Then
 * they are refreshed again and read only from the database, so the next commit restarts the log. Nothing waits.
 */
export class SqliteWriter {
  readonly #thread: Worker;
  readonly #follower: () => Follower | undefined;
  readonly #assertInPlace: () => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  /** The batches to commit, the next one first; new transactions are added to the last. */
  #waiting: Batch[] = [];
  #batch: Batch | undefined;
  #scheduled = false;
  #awaiting = false;
  #closing = false;
  #failure: Error | undefined;

  /** `assertInPlace` throws if the commit went into a file that is gone. */
  constructor(
    data: WriterThreadData,
    { follower, assertInPlace }: { readonly follower: () => Follower | undefined; readonly assertInPlace: () => void },
  ) {
    this.#follower = follower;
    this.#assertInPlace = assertInPlace;
    // The environment may hold the master key, which this thread does not need.
    this.#thread = new Worker(startThread, { workerData: { ...data, code }, env: {}, execArgv: [], eval: true });
    this.#thread.on('message', (reply: WriterReply) => this.#receive(reply));
    this.#thread.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#thread.on('exit', () => {
      this.#fail(new Error('the writer thread of the database has ended'));
      this.#exited.resolve();
    });
  }

  /** Resolves when the thread has opened the database; it opens no more files after that. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  transact(transaction: PreparedTransaction): Promise<readonly Version[]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const done = Promise.withResolvers<readonly Version[]>();
    const { builder, jobs } = this.#open();
    builder.add(transaction);
    const written = this.#follower()?.writes(transaction) ?? [];
    jobs.push({ written, versions: transaction.put.map(({ version }) => version), done });
    this.#schedule();
    return done.promise;
  }

  #open(): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last.jobs.length < batchLimit) return last;
    const batch = { builder: new BatchBuilder(), jobs: [] };
    this.#waiting.push(batch);
    return batch;
  }

  /** Transactions that were handed over before are committed first. The last connection to close empties the log. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#schedule();
    await this.#exited.promise;
  }

  /** At the end of the turn, so that writes that arrive together are committed together. */
  #schedule(): void {
    if (this.#scheduled || this.#awaiting) return;
    this.#scheduled = true;
    setImmediate(() => this.#post());
  }

  #post(): void {
    this.#scheduled = false;
    this.#batch = this.#waiting.shift();
    if (this.#batch !== undefined) {
      const message = this.#batch.builder.message();
      this.#follower()?.begin();
      this.#send(message, [message.values.buffer]);
    } else if (this.#closing) this.#send('close');
  }

  #send(request: WriterRequest, handedOver: readonly ArrayBuffer[] = []): void {
    this.#thread.postMessage(request, handedOver);
    this.#awaiting = true;
  }

  #receive(reply: WriterReply): void {
    if (reply.kind === 'ready') return this.#ready.resolve();
    this.#awaiting = false;
    if (reply.kind === 'checkpointed') this.#follower()?.refresh();
    else {
      this.#follower()?.end(this.#ended(reply));
      this.#settle(this.#judged(reply));
    }
    if (reply.kind === 'committed' && reply.checkpointDue) this.#send('checkpoint');
    else if (this.#waiting.length > 0 || this.#closing) this.#schedule();
  }

  #ended(reply: BatchReply): EndedBatch {
    if (reply.kind === 'failed') return 'unknown';
    const jobs = this.#batch?.jobs ?? [];
    const committed = jobs.filter((_, index) => (reply.conflicts[index] ?? null) === null);
    return { commits: reply.commits, transactions: committed.map(({ written }) => written) };
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
    const jobs = this.#batch?.jobs ?? [];
    this.#batch = undefined;
    for (const [index, { versions, done }] of jobs.entries()) {
      const conflict = reply.kind === 'committed' ? (reply.conflicts[index] ?? null) : null;
      if (reply.kind === 'failed')
        done.reject(reply.damaged ? new Unreadable(reply.message) : new Error(reply.message));
      else if (conflict !== null) done.reject(new Conflict(conflict));
      else done.resolve(versions);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#ready.reject(this.#failure);
    const batches = [...(this.#batch === undefined ? [] : [this.#batch]), ...this.#waiting];
    for (const job of batches.flatMap(({ jobs }) => jobs)) job.done.reject(this.#failure);
    this.#batch = undefined;
    this.#waiting = [];
  }
}

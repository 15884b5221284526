import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import type { EndedBatch, Written } from './row-cache.ts';
import { BatchBuilder } from './sqlite-batch.ts';
import type { BatchMessage, PreparedTransaction } from './sqlite-batch.ts';
import { Conflict, Unreadable } from './store.ts';
import type { Version } from './store.ts';

export interface WriterThreadData {
  readonly file: string;
  readonly history: number;
}

/** To the thread: a batch to commit, or an order. Each but the last, `close`, is answered before the next one is sent. */
export type WriterRequest = BatchMessage | 'checkpoint' | 'close';

export type WriterReply = BatchReply | { readonly kind: 'ready' } | { readonly kind: 'checkpointed' };

/** `conflicts`: for each transaction of the batch, in order, the key of its conflict or `null`. */
export type BatchReply =
  | {
      readonly kind: 'committed';
      readonly conflicts: readonly (string | null)[];
      /** How many commits it took: none where nothing was changed. */
      readonly commits: 0 | 1;
      readonly checkpointDue: boolean;
    }
  | { readonly kind: 'failed'; readonly message: string; readonly damaged: boolean };

/** Whoever reads from the same database, and must know what becomes of it. */
interface Follower {
  /** What is to be told by `end` if the transaction is committed. */
  writes(transaction: PreparedTransaction): readonly Written[];
  /** A batch is on its way. */
  begin(): void;
  /** It is over, which nobody else has heard yet. */
  end(batch: EndedBatch): void;
  /** The log has been written back into the database. */
  refresh(): void;
}

interface Job {
  readonly written: readonly Written[];
  /** Of the puts, in order. */
  readonly versions: readonly Version[];
  readonly done: PromiseWithResolvers<readonly Version[]>;
}

interface Batch {
  readonly builder: BatchBuilder;
  readonly jobs: Job[];
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
  readonly #follower: () => Follower | undefined;
  readonly #assertInPlace: () => void;
  readonly #ready = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  /** Those that are to be committed, the next one first; to the last one is added. */
  #waiting: Batch[] = [];
  #batch: Batch | undefined;
  #scheduled = false;
  #awaiting = false;
  #closing = false;
  #failure: Error | undefined;

  /** `assertInPlace` throws when what was committed went into a file that is gone. */
  constructor(
    data: WriterThreadData,
    { follower, assertInPlace }: { readonly follower: () => Follower | undefined; readonly assertInPlace: () => void },
  ) {
    this.#follower = follower;
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

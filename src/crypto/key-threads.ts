import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from './thread-code.ts';
import type { ThreadCode } from './thread-code.ts';
import type {
  CryptoAnswer,
  CryptoOperation,
  CryptoRequest,
  KeyMaterial,
  KeySpec,
  RsaKeyMaterial,
} from '../types/key.ts';

export type KeyTask =
  | {
      readonly kind: 'perform';
      readonly operation: CryptoOperation;
      readonly material: KeyMaterial;
      readonly request: CryptoRequest;
    }
  | { readonly kind: 'generate'; readonly spec: KeySpec }
  | { readonly kind: 'prove'; readonly material: RsaKeyMaterial };

export type KeyTaskResult = CryptoAnswer | KeyMaterial;

/** To a thread. `close` ends it when all that was sent before is done. */
export type KeyThreadRequest = { readonly id: number; readonly task: KeyTask } | 'close';

/** From a thread, for each task. */
export type KeyThreadReply =
  { readonly id: number; readonly result: KeyTaskResult } | { readonly id: number; readonly failure: string };

export interface KeyThreadsOptions {
  /** How many there are at most. */
  readonly count: number;
  /** How many tasks a thread has at once: one that it does, and others that wait, so that it need not wait for us. */
  readonly depth: number;
  /** How far the threads stand back when processors are short, from 0 to 19 (setpriority(2)). Linux alone has it for threads. */
  readonly niceness: number;
}

export interface KeyThreadData {
  readonly niceness: number;
  readonly code: ThreadCode;
}

interface Job {
  readonly task: KeyTask;
  readonly done: PromiseWithResolvers<KeyTaskResult>;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
  readonly exited: Promise<void>;
}

/** Read with this module. The thread's file has the ending that this one has: .ts in a checkout, .js in dist/. */
const code = readThreadCode(new URL(`./key-thread${extname(import.meta.url)}`, import.meta.url));

/**
 * What a thread may hold. A task's octets lie outside of it; what is in it is small, and is not to be kept for long: V8
 * would let the young generation grow to 96 MiB before it looks at it.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/**
 * Threads that do what would hold up the event loop, first come, first served. One is started when all that there are
 * have something to do: it takes some 9 MiB, and tens of milliseconds, which many servers never need.
 */
export class KeyThreads {
  readonly #count: number;
  readonly #depth: number;
  readonly #data: KeyThreadData;
  #threads: readonly Thread[] = [];
  #waiting: Job[] = [];
  #lastId = 0;
  #closing = false;

  constructor({ count, depth, niceness }: KeyThreadsOptions) {
    this.#count = count;
    this.#depth = depth;
    this.#data = { niceness, code };
  }

  /** Rejected when the task failed, which is never the client's fault, or when the thread has ended or cannot be started. */
  run(task: KeyTask): Promise<KeyTaskResult> {
    if (this.#closing) return Promise.reject(closed());
    const done = Promise.withResolvers<KeyTaskResult>();
    this.#waiting.push({ task, done });
    this.#distribute();
    return done.promise;
  }

  /** What a thread has is done first; what waits for one is rejected. */
  async close(): Promise<void> {
    const threads = this.#threads;
    this.#closing = true;
    for (const { done } of this.#waiting) done.reject(closed());
    this.#waiting = [];
    for (const { worker } of threads) {
      worker.ref();
      post(worker, 'close');
    }
    await Promise.all(threads.map(({ exited }) => exited));
  }

  #start(): Thread {
    // The environment may hold the master key, which this thread has no use for.
    const options = { workerData: this.#data, resourceLimits, env: {}, execArgv: [] };
    const worker = new Worker(startThread, { ...options, eval: true });
    const exited = Promise.withResolvers<void>();
    const thread: Thread = { worker, jobs: new Map(), exited: exited.promise };
    this.#threads = [...this.#threads, thread];
    worker.on('message', (reply: KeyThreadReply) => {
      this.#receive(thread, reply);
      // An idle thread keeps no process alive.
      if (thread.jobs.size === 0 && !this.#closing) worker.unref();
    });
    worker.on('error', (error) => this.#lose(thread, error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      this.#lose(thread, new Error('a thread of the key engine has ended'));
      exited.resolve();
    });
    return thread;
  }

  #distribute(): void {
    for (let [job] = this.#waiting; job !== undefined; [job] = this.#waiting) {
      let thread: Thread | undefined;
      try {
        thread = this.#threadToUse();
      } catch (error) {
        // As where the system has no room for one more thread.
        this.#waiting.shift();
        job.done.reject(error);
        continue;
      }
      if (thread === undefined) return;
      this.#waiting.shift();
      this.#lastId += 1;
      if (thread.jobs.size === 0) thread.worker.ref();
      thread.jobs.set(this.#lastId, job);
      post(thread.worker, { id: this.#lastId, task: job.task });
    }
  }

  /**
   * The one that has least to do; another one, if that is something and there may be another.
   * @throws when there is none, and none can be started
   */
  #threadToUse(): Thread | undefined {
    const least = this.#threads.reduce<Thread | undefined>(
      (found, one) => (one.jobs.size < (found?.jobs.size ?? this.#depth) ? one : found),
      undefined,
    );
    if (least?.jobs.size === 0 || this.#threads.length >= this.#count) return least;
    try {
      return this.#start();
    } catch (error) {
      if (this.#threads.length === 0) throw error;
      return least;
    }
  }

  #receive(thread: Thread, reply: KeyThreadReply): void {
    const job = thread.jobs.get(reply.id);
    thread.jobs.delete(reply.id);
    this.#distribute();
    if ('result' in reply) job?.done.resolve(reply.result);
    else job?.done.reject(new Error(reply.failure));
  }

  /** The others go on, and another one takes its place when it is needed. */
  #lose(thread: Thread, error: Error): void {
    this.#threads = this.#threads.filter((one) => one !== thread);
    for (const { done } of thread.jobs.values()) done.reject(error);
    thread.jobs.clear();
    this.#distribute();
  }
}

function closed(): Error {
  return new Error('the key engine is closed');
}

function post(worker: Worker, request: KeyThreadRequest): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
  worker.postMessage(request);
}

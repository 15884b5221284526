import { Worker } from 'node:worker_threads';
import { programUrl } from '../programs/programs.ts';
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

/** A message to a thread. `close` ends it after the tasks that were sent before. */
export type KeyThreadRequest = { readonly id: number; readonly task: KeyTask } | 'close';

/** A thread's answer to a task. */
export type KeyThreadReply =
  { readonly id: number; readonly result: KeyTaskResult } | { readonly id: number; readonly failure: string };

export interface KeyThreadsOptions {
  /** The most threads. */
  readonly count: number;
  /**
   * The most tasks that a thread has at once: one in progress, and others that wait, so that it does not wait for us.
   */
  readonly depth: number;
  /**
   * The priority of the threads when processors are scarce, from 0 to 19 (setpriority(2)). Only Linux has it for
   * threads.
   */
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

/** Read when this module is loaded. */
const code = readThreadCode(programUrl('key-thread'));

/**
 * The memory of a thread. The octets of a task are outside these limits; everything else is small and should not be
 * kept long, but V8 would let the young generation grow to 96 MiB before it collects it.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/**
 * Threads for work that would delay the event loop, first come, first served. A thread is started when all others are
 * busy: it costs some 9 MiB and tens of milliseconds, which many servers never need.
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

  /**
   * Rejects when the task failed, which is never the client's fault, or when the thread has ended or cannot be started.
   */
  run(task: KeyTask): Promise<KeyTaskResult> {
    if (this.#closing) return Promise.reject(closed());
    const done = Promise.withResolvers<KeyTaskResult>();
    this.#waiting.push({ task, done });
    this.#distribute();
    return done.promise;
  }

  /** How many tasks are not done. */
  get outstanding(): number {
    return this.#threads.reduce((sum, { jobs }) => sum + jobs.size, this.#waiting.length);
  }

  /** Tasks that a thread has are finished; tasks that wait for a thread are rejected. */
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
    // The environment may hold the master key, which this thread does not need.
    const options = { workerData: this.#data, resourceLimits, env: {}, execArgv: [] };
    const worker = new Worker(startThread, { ...options, eval: true });
    const exited = Promise.withResolvers<void>();
    const thread: Thread = { worker, jobs: new Map(), exited: exited.promise };
    this.#threads = [...this.#threads, thread];
    worker.on('message', (reply: KeyThreadReply) => {
      this.#receive(thread, reply);
      // An idle thread does not keep the process alive.
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
        // For example when the system has no room for another thread.
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
   * The least busy thread; a new one, if that is busy and another is allowed; `undefined` if all have their most tasks.
   * @throws when there are no threads and none can be started
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

  /** The other threads continue, and a new one replaces this one when it is needed. */
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

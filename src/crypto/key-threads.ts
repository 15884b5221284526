import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CryptoAnswer, CryptoOperation, CryptoRequest, KeyMaterial, KeySpec } from '../types/key.ts';

export type KeyTask =
  | {
      readonly kind: 'perform';
      readonly operation: CryptoOperation;
      readonly material: KeyMaterial;
      readonly request: CryptoRequest;
    }
  | { readonly kind: 'generate'; readonly spec: KeySpec };

export type KeyTaskResult = CryptoAnswer | KeyMaterial;

/** To a thread. `close` ends it when all that was sent before is done. */
export type KeyThreadRequest = { readonly id: number; readonly task: KeyTask } | 'close';

/** From a thread: first that it has loaded all that it ever will, then a reply for each task. */
export type KeyThreadReply =
  'ready' | { readonly id: number; readonly result: KeyTaskResult } | { readonly id: number; readonly failure: string };

export interface KeyThreadsOptions {
  readonly count: number;
  /** How many tasks a thread has at once: one that it does, and others that wait, so that it need not wait for us. */
  readonly depth: number;
  /** How far the threads stand back when processors are short, from 0 to 19 (setpriority(2)). Linux alone has it for threads. */
  readonly niceness: number;
}

export interface KeyThreadData {
  readonly niceness: number;
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

/** A fixed number of threads that do what would hold up the event loop, first come, first served. */
export class KeyThreads {
  readonly #depth: number;
  readonly #ready: Promise<unknown>;
  #threads: readonly Thread[];
  #waiting: Job[] = [];
  #lastId = 0;
  #closing = false;
  #failure: Error | undefined;

  constructor({ count, depth, niceness }: KeyThreadsOptions) {
    this.#depth = depth;
    const starting = Array.from({ length: count }, () => this.#start({ niceness }));
    this.#threads = starting.map(({ thread }) => thread);
    this.#ready = Promise.all(starting.map(({ ready }) => ready));
    // Whoever waits for it is told; nobody needs to.
    this.#ready.catch(() => {});
  }

  /** Fulfilled when every thread has loaded its code, and will open nothing more. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Rejected when the task failed, which is never the client's fault, or when the thread has ended. */
  run(task: KeyTask): Promise<KeyTaskResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const done = Promise.withResolvers<KeyTaskResult>();
    this.#waiting.push({ task, done });
    this.#distribute();
    return done.promise;
  }

  /** What a thread has is done first; what waits for one is rejected. */
  async close(): Promise<void> {
    const threads = this.#threads;
    this.#closing = true;
    this.#fail(new Error('the key engine is closed'));
    for (const { worker } of threads) {
      worker.ref();
      post(worker, 'close');
    }
    await Promise.all(threads.map(({ exited }) => exited));
  }

  #start(data: KeyThreadData): { readonly thread: Thread; readonly ready: Promise<void> } {
    // The thread's file has the ending that this one has: .ts in a checkout, .js in dist/.
    const file = new URL(`./key-thread${extname(import.meta.url)}`, import.meta.url);
    // The environment may hold the master key, which this thread has no use for.
    const worker = new Worker(file, { workerData: data, env: {}, execArgv: [] });
    const ready = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<void>();
    const thread: Thread = { worker, jobs: new Map(), exited: exited.promise };
    worker.on('message', (reply: KeyThreadReply) => {
      if (reply === 'ready') ready.resolve();
      else this.#receive(thread, reply);
      // An idle thread keeps no process alive.
      if (thread.jobs.size === 0 && !this.#closing) worker.unref();
    });
    worker.on('error', (error) => this.#lose(thread, error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      const error = new Error('a thread of the key engine has ended');
      this.#lose(thread, error);
      ready.reject(error);
      exited.resolve();
    });
    return { thread, ready: ready.promise };
  }

  #distribute(): void {
    while (this.#waiting.length > 0) {
      const thread = this.#threads.reduce<Thread | undefined>(
        (least, one) => (one.jobs.size < (least?.jobs.size ?? this.#depth) ? one : least),
        undefined,
      );
      const job = thread && this.#waiting.shift();
      if (thread === undefined || job === undefined) return;
      this.#lastId += 1;
      if (thread.jobs.size === 0) thread.worker.ref();
      thread.jobs.set(this.#lastId, job);
      post(thread.worker, { id: this.#lastId, task: job.task });
    }
  }

  #receive(thread: Thread, reply: Exclude<KeyThreadReply, 'ready'>): void {
    const job = thread.jobs.get(reply.id);
    thread.jobs.delete(reply.id);
    this.#distribute();
    if ('result' in reply) job?.done.resolve(reply.result);
    else job?.done.reject(new Error(reply.failure));
  }

  /** The others go on; after a privilege drop there may be no file to start another one from. */
  #lose(thread: Thread, error: Error): void {
    this.#threads = this.#threads.filter((one) => one !== thread);
    for (const { done } of thread.jobs.values()) done.reject(error);
    thread.jobs.clear();
    if (this.#threads.length === 0) this.#fail(error);
    else this.#distribute();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { done } of this.#waiting) done.reject(this.#failure);
    this.#waiting = [];
  }
}

function post(worker: Worker, request: KeyThreadRequest): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
  worker.postMessage(request);
}

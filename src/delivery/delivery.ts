import { once } from 'node:events';
import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import type { ThreadCode } from '../crypto/thread-code.ts';
import type { DeliveryConfiguration, FromDelivery, ResourceRoute, SinkName, ToDelivery } from './messages.ts';
import { dropStates, noteStart } from './state-file.ts';

type Gap = Extract<FromDelivery, { readonly kind: 'gap' }>;

export interface DeliveryParts {
  readonly configuration: Omit<DeliveryConfiguration, 'sinceMs' | 'everyMs'>;
  /** From `startOtlpThread`; otherwise it is started when it is needed. */
  readonly thread?: DeliveryThread | undefined;
  /** The routes of every resource that has a diagnostic setting. */
  readonly allRoutes: () => Promise<readonly ResourceRoute[]>;
  /** The route of one resource, also if it has no setting any more; the id in upper case. */
  readonly routeOf: (resourceId: string) => Promise<ResourceRoute>;
  /** Writes the records of a gap. */
  readonly recordGap: (gap: Gap) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
}

/** The log is looked at so often. A record is delivered at the second look after it was written. */
const everyMs = 500;
/** How long a stop waits for the last deliveries; what is left is delivered after the next start. */
const stopMs = 2000;
/** Before what failed is tried again. */
const retryMs = 1000;

const unreadable = 'Diagnostic settings cannot be read yet';

const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 };

/** Read when this module is loaded: after the privilege drop the files may be out of reach. */
const code = { plain: codeOf('plain-thread'), otlp: codeOf('otlp-thread') };

function codeOf(name: string): ThreadCode {
  return readThreadCode(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
}

/** The thread, started and without work. */
export type DeliveryThread = Worker;

/**
 * Starts the thread for collectors, and resolves when it has loaded its packages. Call it before the privilege drop, after
 * which they may be out of reach.
 */
export async function startOtlpThread(): Promise<DeliveryThread> {
  const worker = startWorker(code.otlp);
  await once(worker, 'message');
  worker.unref();
  return worker;
}

function startWorker(ofThread: ThreadCode): Worker {
  // The environment may hold the master key, which this thread does not need.
  const options = { workerData: { code: ofThread }, resourceLimits, env: {}, execArgv: [] };
  return new Worker(startThread, { ...options, eval: true });
}

/**
 * Delivers the records of the log to the sinks that diagnostic settings and the configuration name. A thread of its own
 * reads them from the log's files, so no request waits for it, or does anything for it. Without a sink there is no thread.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  #worker: Worker | undefined;
  #stopped: PromiseWithResolvers<void> | undefined;
  #needed: number | 'all' | undefined = 'all';
  #sinceMs = 0;
  /** Changes are read one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #closing = false;
  #prepared: DeliveryThread | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#prepared = parts.thread;
  }

  /** The inode of the oldest file of the log that a sink needs; `all` as long as that is not known. */
  get needed(): number | 'all' | undefined {
    return this.#needed;
  }

  /** Call it once, when the log can be written. */
  async start(): Promise<void> {
    const { configuration, now, notice } = this.#parts;
    const routes = await this.#parts.allRoutes();
    const everything = configuration.otlp.filter((one) => one.everything).map(({ name }) => `otlp/${name}`);
    const named = new Set<SinkName>([...everything, ...routes.flatMap(({ sinks }) => sinks)]);
    try {
      this.#sinceMs = noteStart(configuration.directory, now());
      dropStates(configuration.directory, named);
    } catch (error) {
      this.#sinceMs = now();
      notice(`The states of the audit log's sinks cannot be written: ${String(error)}`);
    }
    if (named.size === 0) this.#needed = undefined;
    else this.#begin(routes);
  }

  /** Call it when diagnostic settings of these resources (ids in upper case) were committed, before the answer. */
  settingsChanged(resourceIds: readonly string[]): void {
    const atMs = this.#parts.now();
    const worker = this.#worker;
    if (worker !== undefined) tell(worker, { kind: 'hold' });
    this.#changes = this.#changes.then(() => this.#reroute(resourceIds, atMs, worker));
  }

  /** Delivers what it can within a moment. The log must be closed: nothing is written any more. */
  async close(): Promise<void> {
    await this.#changes;
    this.#closing = true;
    const worker = this.#worker;
    await this.#prepared?.terminate();
    if (worker === undefined) return;
    this.#stopped = Promise.withResolvers<void>();
    tell(worker, { kind: 'stop' });
    await Promise.race([this.#stopped.promise, pause(stopMs, undefined, { ref: false })]);
    await worker.terminate();
  }

  /** `holding`: the thread that was told to wait for these routes. */
  async #reroute(resourceIds: readonly string[], atMs: number, holding: Worker | undefined): Promise<void> {
    const routes = await this.#untilItCan(unreadable, () =>
      Promise.all(resourceIds.map((id) => this.#parts.routeOf(id))),
    );
    if (routes === undefined) return;
    // A thread that was started again meanwhile has read them.
    if (this.#worker !== undefined && this.#worker === holding) tell(holding, { kind: 'routes', routes, atMs });
    else if (this.#worker === undefined && routes.some(({ sinks }) => sinks.length > 0)) this.#begin(routes, atMs);
  }

  /** Tries until the store answers, or the server ends. */
  async #untilItCan<T>(failure: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let isNew = true; !this.#closing; isNew = false) {
      try {
        return await work();
      } catch (error) {
        if (isNew) this.#parts.notice(`${failure}: ${String(error)}`);
        await pause(retryMs, undefined, { ref: false });
      }
    }
    return undefined;
  }

  /** Starts the thread. `sinceMs`: for sinks without a state. */
  #begin(routes: readonly ResourceRoute[], sinceMs = this.#sinceMs): void {
    const { configuration } = this.#parts;
    this.#needed = 'all';
    const worker = this.#prepared ?? startWorker(configuration.otlp.length > 0 ? code.otlp : code.plain);
    this.#prepared = undefined;
    this.#worker = worker;
    worker.unref();
    worker.on('message', (message: FromDelivery) => this.#receive(worker, message));
    worker.on('error', (error) => this.#parts.notice(`The delivery of audit records has failed: ${String(error)}`));
    worker.on('exit', () => void this.#ended(worker));
    tell(worker, { kind: 'configure', configuration: { ...configuration, sinceMs, everyMs }, routes });
  }

  #receive(worker: Worker, message: FromDelivery): void {
    switch (message.kind) {
      case 'loaded':
        break;
      case 'stopped':
        this.#stopped?.resolve();
        break;
      case 'notice':
        this.#parts.notice(message.text);
        break;
      case 'needed':
        this.#needed = message.inode;
        break;
      case 'gap':
        void this.#recordGap(worker, message);
        break;
    }
  }

  async #recordGap(worker: Worker, gap: Gap): Promise<void> {
    await this.#untilItCan('The gap in a delivery cannot be recorded yet', () => this.#parts.recordGap(gap));
    if (!this.#closing) tell(worker, { kind: 'gapRecorded', gap: gap.id });
  }

  /** Starts again after a failure of the thread: how far it was is written down. */
  async #ended(worker: Worker): Promise<void> {
    this.#stopped?.resolve();
    if (this.#closing || this.#worker !== worker) return;
    this.#worker = undefined;
    this.#needed = 'all';
    await pause(retryMs, undefined, { ref: false });
    const routes = await this.#untilItCan(unreadable, () => this.#parts.allRoutes());
    if (routes !== undefined && !this.#closing && this.#worker === undefined) this.#begin(routes);
  }
}

function tell(worker: Worker, message: ToDelivery): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
  worker.postMessage(message);
}

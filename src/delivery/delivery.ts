import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import type { ThreadCode } from '../crypto/thread-code.ts';
import type { SinkReport } from '../metrics/vitals.ts';
import { programUrl } from '../programs/programs.ts';
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
/** How long a stop waits for new settings, and then for the last deliveries; what is left comes after the next start. */
const stopMs = 2000;
/** Before what failed is tried again. */
const retryMs = 1000;

const unreadable = 'Diagnostic settings cannot be read yet';

const resourceLimits = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 128 };

/** Read when this module is loaded: after the privilege drop the files may be out of reach. */
const code = {
  plain: readThreadCode(programUrl('plain-thread')),
  otlp: readThreadCode(programUrl('otlp-thread')),
};

/** Settings that were committed, whose routes the thread does not have yet. */
interface Change {
  /** In upper case. */
  readonly resourceIds: readonly string[];
  readonly atMs: number;
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
  #sinks: readonly SinkReport[] = [];
  #sinceMs = 0;
  /** The resources that have, or had, a route; ids in upper case. */
  readonly #routed = new Set<string>();
  /** The start, changes of settings and starts after a failure, one after the other. */
  #turns: Promise<void> = Promise.resolve();
  /** The thread that runs holds once for each of them. */
  readonly #waiting = new Set<Change>();
  /** Whether the thread has failed and will be started again, with all routes. */
  #restarting = false;
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

  /** How far each sink is. */
  get sinks(): readonly SinkReport[] {
    return this.#sinks;
  }

  /** Call it once, when the log can be written. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Call it when diagnostic settings of these resources (ids in upper case) were committed, before the answer. */
  settingsChanged(resourceIds: readonly string[]): void {
    const change = { resourceIds, atMs: this.#parts.now() };
    for (const resourceId of resourceIds) this.#routed.add(resourceId);
    this.#waiting.add(change);
    if (this.#worker !== undefined) tell(this.#worker, { kind: 'hold' });
    void this.#inTurn(() => this.#reroute(change));
  }

  /** Call it when it is not known which settings were committed. */
  async allSettingsChanged(): Promise<void> {
    const routes = await this.#parts.allRoutes();
    this.settingsChanged([...new Set([...this.#routed, ...routes.map(({ resourceId }) => resourceId)])]);
  }

  /** Delivers what it can within a moment. The log must be closed: nothing is written any more. */
  async close(): Promise<void> {
    this.#closing = true;
    await within(stopMs, this.#turns);
    const worker = this.#worker;
    await this.#prepared?.terminate();
    if (worker === undefined) return;
    this.#stopped = Promise.withResolvers<void>();
    tell(worker, { kind: 'stop' });
    await within(stopMs, this.#stopped.promise);
    await worker.terminate();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turns.then(work);
    // A start that fails is its caller's.
    this.#turns = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    const { configuration, now, notice } = this.#parts;
    const routes = await this.#parts.allRoutes();
    try {
      this.#sinceMs = noteStart(configuration.directory, now());
      dropStates(configuration.directory, this.#sinksIn(routes));
    } catch (error) {
      this.#sinceMs = now();
      notice(`The states of the audit log's sinks cannot be written: ${String(error)}`);
    }
    this.#begin(routes, this.#sinceMs);
  }

  #sinksIn(routes: readonly ResourceRoute[]): ReadonlySet<SinkName> {
    const everything = this.#parts.configuration.otlp.filter((one) => one.everything);
    return new Set([...everything.map(({ name }) => `otlp/${name}`), ...routes.flatMap(({ sinks }) => sinks)]);
  }

  /** Tells the thread the routes of a change. A thread that is yet to be started gets those of every resource instead. */
  async #reroute(change: Change): Promise<void> {
    const { resourceIds, atMs } = change;
    const worker = this.#worker;
    if (worker === undefined) {
      this.#waiting.delete(change);
      if (!this.#restarting) await this.#beginWithAll(atMs);
      return;
    }
    const routes = await this.#untilItCan(unreadable, () =>
      Promise.all(resourceIds.map((id) => this.#parts.routeOf(id))),
    );
    this.#waiting.delete(change);
    // One that has failed meanwhile is started again in a later turn.
    if (routes !== undefined && this.#worker === worker) tell(worker, { kind: 'routes', routes, atMs });
  }

  /** Tries at least once, until the store answers or the server ends. */
  async #untilItCan<T>(failure: string, work: () => Promise<T>): Promise<T | undefined> {
    for (let isNew = true; ; isNew = false) {
      try {
        return await work();
      } catch (error) {
        if (isNew) this.#parts.notice(`${failure}: ${String(error)}`);
        if (this.#closing) return undefined;
        await pause(retryMs, undefined, { ref: false });
      }
    }
  }

  async #beginWithAll(sinceMs: number): Promise<void> {
    const routes = await this.#untilItCan(unreadable, () => this.#parts.allRoutes());
    if (routes !== undefined && !this.#closing) this.#begin(routes, sinceMs);
  }

  /** Starts the thread if there is a sink. `routes`: of all resources. `sinceMs`: for sinks without a state. */
  #begin(routes: readonly ResourceRoute[], sinceMs: number): void {
    this.#sinks = [];
    for (const { resourceId } of routes) this.#routed.add(resourceId);
    if (this.#sinksIn(routes).size === 0) {
      this.#needed = undefined;
      return;
    }
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
    for (const _ of this.#waiting) tell(worker, { kind: 'hold' });
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
      case 'sinks':
        this.#sinks = message.sinks;
        break;
      case 'gap':
        void this.#recordGap(worker, message);
        break;
    }
  }

  async #recordGap(worker: Worker, gap: Gap): Promise<void> {
    if (this.#closing) return;
    await this.#untilItCan('The gap in a delivery cannot be recorded yet', () => this.#parts.recordGap(gap));
    if (!this.#closing) tell(worker, { kind: 'gapRecorded', gap: gap.id });
  }

  /** Starts again after a failure of the thread: how far it was is written down. */
  async #ended(worker: Worker): Promise<void> {
    this.#stopped?.resolve();
    if (this.#closing || this.#worker !== worker) return;
    this.#worker = undefined;
    this.#needed = 'all';
    this.#restarting = true;
    await pause(retryMs, undefined, { ref: false });
    await this.#inTurn(async () => {
      await this.#beginWithAll(this.#sinceMs);
      this.#restarting = false;
    });
  }
}

/** Resolves when the work is done, but not later than after so long. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = pause(ms, undefined, { signal: over.signal }).catch(() => {});
  await Promise.race([work, late]);
  over.abort();
}

function tell(worker: Worker, message: ToDelivery): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
  worker.postMessage(message);
}

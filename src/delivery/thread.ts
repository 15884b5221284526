import { rmSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { AzureBlobs } from './azure-blobs.ts';
import { Blobs } from './blobs.ts';
import type { Destination } from './destination.ts';
import { reasonOf } from './failed.ts';
import { FolderBlobs } from './folder-blobs.ts';
import { Lanes } from './lanes.ts';
import { LogFolder } from './log-folder.ts';
import type { ListedFile } from './log-folder.ts';
import type {
  DeliveryConfiguration,
  FromDelivery,
  OtlpEndpoint,
  ResourceRoute,
  SinkName,
  ToDelivery,
} from './messages.ts';
import { Routes } from './routes.ts';
import { Said } from './said.ts';
import { Sink } from './sink.ts';
import type { SinkGap } from './sink-parts.ts';
import { stateFile } from './state-file.ts';

/** Requests go before deliveries: this thread has hardly any of a processor that others want too. */
const niceness = 19;
/** A record may be written so long after its request arrived. */
const lateMs = 10_000;
/** So many records of a gap are written at once. */
const gapResourcesMax = 1000;
/** So many sinks work at once, and so many that failed last: each has a part of the log in memory, 4 MiB at most. */
const lanesMax = { working: 4, failing: 2 };

export interface ThreadParts {
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Absent where no collector is configured: its library is not loaded then. */
  readonly otlp?: {
    readonly open: (endpoint: OtlpEndpoint) => Destination;
    readonly reportPartialSuccess: (notice: (message: string) => void) => void;
  };
}

/** Runs the delivery as the thread that this is. */
export function serve(parts: ThreadParts): void {
  const port = parentPort;
  if (port === null) throw new Error('this file is a thread that delivers audit records, not a program');
  // Linux has a priority for each thread, and 0 is the calling thread; elsewhere the call would change the whole process.
  if (process.platform === 'linux') setPriority(0, niceness);
  let deliveries: Deliveries | undefined;
  port.on('message', (message: ToDelivery) => {
    if (message.kind === 'configure') deliveries = new Deliveries(port, parts, message.configuration);
    deliveries?.receive(message);
  });
  tell(port, { kind: 'loaded' });
}

/** All sinks. */
class Deliveries {
  readonly #port: MessagePort;
  readonly #parts: ThreadParts;
  readonly #configuration: DeliveryConfiguration;
  readonly #folder: LogFolder;
  readonly #sinks = new Map<SinkName, { readonly sink: Sink; readonly routes: Routes }>();
  readonly #lanes = { working: new Lanes(lanesMax.working), failing: new Lanes(lanesMax.failing) };
  readonly #unreadable = new Said();
  /** The collectors that settings name and the configuration does not have. */
  readonly #absent = new Set<SinkName>();
  readonly #gaps = new Map<number, () => void>();
  #lastGap = 0;
  #holds = 0;
  #needed: number | undefined;
  #told = '[]';
  readonly #timer: NodeJS.Timeout;

  constructor(port: MessagePort, parts: ThreadParts, configuration: DeliveryConfiguration) {
    this.#port = port;
    this.#parts = parts;
    this.#configuration = configuration;
    this.#folder = new LogFolder(configuration.directory);
    parts.otlp?.reportPartialSuccess((text) => this.#tell({ kind: 'notice', text }));
    this.#refresh();
    this.#timer = setInterval(() => this.#tick(), configuration.everyMs);
  }

  receive(message: ToDelivery): void {
    switch (message.kind) {
      case 'configure':
        for (const { name, everything } of this.#configuration.otlp) if (everything) this.#sinkOf(`otlp/${name}`);
        this.#route(message.routes);
        this.#endOthers(message.routes);
        break;
      case 'hold':
        this.#holds += 1;
        break;
      case 'routes':
        this.#holds -= 1;
        this.#route(message.routes, message.atMs);
        break;
      case 'gapRecorded':
        this.#gaps.get(message.gap)?.();
        this.#gaps.delete(message.gap);
        break;
      case 'stop':
        void this.#stop();
        break;
    }
  }

  /** `atMs`: when the settings were changed; absent at the start. */
  #route(routes: readonly ResourceRoute[], atMs?: number): void {
    const changed = new Set<Sink>();
    for (const { resourceId, sinks } of routes) {
      for (const name of sinks) this.#sinkOf(name, atMs);
      for (const [name, { sink, routes: own }] of this.#sinks) {
        if (own.set(resourceId, sinks.includes(name), atMs ?? sink.sinceMs)) changed.add(sink);
      }
    }
    // A later process knows then from when on a sink that is behind has them.
    for (const sink of changed) sink.noteRoutes();
    this.#tellNeeded();
  }

  /** A sink's state may have routes of settings that were removed when this thread did not run. */
  #endOthers(routes: readonly ResourceRoute[]): void {
    for (const [name, { routes: own }] of this.#sinks) {
      const named = routes.filter(({ sinks }) => sinks.includes(name)).map(({ resourceId }) => resourceId);
      own.endOthers(new Set(named), this.#parts.nowMs());
    }
  }

  #sinkOf(name: SinkName, sinceMs = this.#configuration.sinceMs): void {
    if (this.#sinks.has(name)) return;
    const { directory, otlp } = this.#configuration;
    const routes = new Routes();
    const destination = this.#destinationOf(name);
    if (destination === undefined) return;
    const sink = new Sink({
      name,
      statePath: stateFile(directory, name),
      folder: this.#folder,
      destination,
      routes,
      sinceMs,
      isHeld: () => this.#holds > 0,
      isTooMuch: (ahead) => this.#isTooMuch(ahead),
      lanes: this.#lanes,
      nowMs: this.#parts.nowMs,
      notice: (text) => this.#tell({ kind: 'notice', text }),
      recordGap: (gap) => this.#recordGap(name, routes, gap),
    });
    if (otlp.some((one) => one.everything && name === `otlp/${one.name}`)) routes.takeEverything(sink.sinceMs);
    this.#sinks.set(name, { sink, routes });
  }

  #destinationOf(sink: SinkName): Destination | undefined {
    const { accounts, otlp, storageDirectory } = this.#configuration;
    const [kind, name = ''] = sink.split('/');
    if (kind === 'storage') {
      const account = accounts.find((one) => one.name === name);
      if (account === undefined && accounts.length > 0) {
        const rest = `its records go to the folder storage/${name}, and not to the account later`;
        this.#sayAbsent(sink, `the storage account ${name}, which is not in audit.storageAccounts: ${rest}`);
      }
      return new Blobs(
        account === undefined
          ? new FolderBlobs(join(storageDirectory, name))
          : new AzureBlobs(account, this.#parts.nowMs),
      );
    }
    const endpoint = otlp.find((one) => one.name === name);
    if (endpoint !== undefined && this.#parts.otlp !== undefined) return this.#parts.otlp.open(endpoint);
    this.#sayAbsent(sink, `the collector ${name}, which is not in audit.otlp: its records are not sent`);
    return undefined;
  }

  /** Once: many settings may name a sink that the configuration does not have. */
  #sayAbsent(sink: SinkName, what: string): void {
    if (this.#absent.has(sink)) return;
    this.#absent.add(sink);
    this.#tell({ kind: 'notice', text: `A diagnostic setting names ${what}.` });
  }

  #tick(): void {
    if (!this.#refresh()) return;
    for (const { sink, routes } of this.#sinks.values()) {
      if (sink.isDone) routes.endReached(this.#parts.nowMs() - lateMs);
      if (!routes.isEmpty) void sink.pump();
      else if (!sink.isAtWork) this.#end(sink);
    }
    this.#tellNeeded();
    this.#tellSinks();
  }

  /** Of the files that are kept for a sink alone, the oldest are given up where there are too many. */
  #isTooMuch(ahead: readonly ListedFile[]): boolean {
    const { files, keepMs, undeliveredMaxBytes } = this.#configuration;
    const nowMs = this.#parts.nowMs();
    const extra = ahead.filter(({ number, changedAtMs }) => number >= files && nowMs - changedAtMs >= keepMs);
    return extra.reduce((sum, { size }) => sum + size, 0) > undeliveredMaxBytes;
  }

  /** No setting names it any more, and it has what it should have. In one go: the next setting begins with a new state. */
  #end(sink: Sink): void {
    this.#sinks.delete(sink.name);
    sink.close();
    try {
      rmSync(stateFile(this.#configuration.directory, sink.name), { force: true });
    } catch (error) {
      this.#tell({ kind: 'notice', text: `The state of the sink ${sink.name} cannot be removed: ${reasonOf(error)}` });
    }
  }

  #refresh(options: { readonly final?: boolean } = {}): boolean {
    try {
      this.#folder.refresh(options);
      this.#unreadable.forget();
      return true;
    } catch (error) {
      const text = `The audit log cannot be read for its delivery: ${reasonOf(error)}`;
      if (this.#unreadable.isDue(text, performance.now())) this.#tell({ kind: 'notice', text });
      return false;
    }
  }

  /** Rotation keeps the files that are not delivered. */
  #tellNeeded(): void {
    const numbers = [...this.#sinks.values()].flatMap(({ sink }) => sink.ahead.slice(0, 1));
    const oldest = numbers.toSorted((one, other) => other.number - one.number)[0];
    if (oldest?.inode === this.#needed) return;
    this.#needed = oldest?.inode;
    this.#tell({ kind: 'needed', inode: this.#needed });
  }

  #tellSinks(): void {
    const sinks = Array.from(this.#sinks.values(), ({ sink }) => sink.report);
    const told = JSON.stringify(sinks);
    if (told === this.#told) return;
    this.#told = told;
    this.#tell({ kind: 'sinks', sinks });
  }

  async #recordGap(sink: SinkName, routes: Routes, gap: SinkGap): Promise<void> {
    const all = routes.resources;
    for (let from = 0; from < all.length; from += gapResourcesMax) {
      const id = (this.#lastGap += 1);
      const recorded = Promise.withResolvers<void>();
      this.#gaps.set(id, recorded.resolve);
      this.#tell({ kind: 'gap', id, sink, resources: all.slice(from, from + gapResourcesMax), gap });
      await recorded.promise;
    }
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#refresh({ final: true });
    await Promise.allSettled([...this.#sinks.values()].map(({ sink }) => sink.stop()));
    this.#tell({ kind: 'stopped' });
    this.#port.close();
  }

  #tell(message: FromDelivery): void {
    tell(this.#port, message);
  }
}

function tell(port: MessagePort, message: FromDelivery): void {
  port.postMessage(message);
}

import type { Settings } from '../settings/settings.ts';
import type { Listener, StartReader } from '../types/supervision.ts';
import type { OpenedListener } from './own-sockets.ts';
import type { WorkerConfiguration } from './reread.ts';
import { Worker, type WorkerOptions } from './worker.ts';

type Common = Pick<
  WorkerOptions,
  'environment' | 'launcher' | 'log' | 'startIn' | 'folder' | 'heartbeat' | 'now' | 'program'
> & { readonly channel: number };

export interface ReadersParts extends Common, Pick<StartReader<Settings>, 'become'> {
  /** As `StartReader` has it. */
  readonly place: StartReader<Settings>['folder'];
  /** How many. */
  readonly count: number;
  /** The sockets that the settings opened. */
  readonly listeners: readonly OpenedListener[];
  readonly complain: (message: string) => void;
}

/** A reader, for display. */
export interface ReaderShown {
  readonly pid: number | undefined;
  readonly restarts: number;
}

interface Held {
  readonly worker: Worker;
  starts: number;
  isOver: boolean;
}

/** The kinds of listeners whose connections readers accept too. The others are about a state that the worker alone has. */
const sharedKinds: ReadonlySet<Listener['kind']> = new Set(['public', 'tlsGateway', 'unixGateway', 'loadBalancer']);

/** After so many deaths at its start, a reader is tried again after so long. The worker answers everything meanwhile. */
const againMs = 30_000;

/**
 * Keeps the readers running, the processes beside the worker that answer reads. They begin when a worker is ready, and go on
 * when it dies: what waits for it waits in the queue of its socket. With another configuration all are replaced.
 */
export class Readers {
  readonly #parts: ReadersParts;
  /** Weak, because a configuration that was replaced has secrets. */
  readonly #epochs = new WeakMap<WorkerConfiguration, number>();
  #epoch = 0;
  #configuration: WorkerConfiguration | undefined;
  #held: readonly Held[] = [];
  readonly #leaving = new Set<Held>();
  readonly #gone = new Set<() => void>();

  constructor(parts: ReadersParts) {
    this.#parts = parts;
  }

  get shown(): readonly ReaderShown[] {
    return this.#held.map(({ worker, starts }) => ({ pid: worker.pid, restarts: Math.max(0, starts - 1) }));
  }

  /** The number that the worker and the readers of a configuration have in common. */
  epochOf(configuration: WorkerConfiguration): number {
    const epoch = this.#epochs.get(configuration) ?? this.#epoch + 1;
    this.#epoch = Math.max(this.#epoch, epoch);
    this.#epochs.set(configuration, epoch);
    return epoch;
  }

  /** A worker with this configuration is ready. */
  use(configuration: WorkerConfiguration): void {
    if (this.#configuration === configuration) return;
    this.stop();
    this.#configuration = configuration;
    this.#held = Array.from({ length: this.#parts.count }, (_, index) => this.#start(index + 1, configuration));
  }

  /** Asks all to end in order. */
  stop(): void {
    this.#configuration = undefined;
    const held = this.#held;
    this.#held = [];
    for (const one of held) {
      if (one.isOver) continue;
      this.#leaving.add(one);
      one.worker.stop();
    }
  }

  kill(): void {
    this.stop();
    for (const { worker } of this.#leaving) worker.kill();
  }

  /** Resolves when none is left. */
  async gone(): Promise<void> {
    if (this.#leaving.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#gone.add(resolve);
    });
  }

  #start(reader: number, configuration: WorkerConfiguration): Held {
    const { complain, ...common } = this.#parts;
    const held: Held = {
      starts: 0,
      isOver: false,
      worker: new Worker({
        name: `reader ${reader}`,
        ...common,
        mark: undefined,
        onStart: () => {
          held.starts += 1;
          this.#introduce(held.worker, reader, configuration);
        },
        onMessage: (message) => {
          if (message.kind === 'fatal') held.worker.retry(message.message);
        },
        onSilence: (seconds) => complain(`reader ${reader} has not answered for ${seconds} s and is killed`),
        onReplaced: () => undefined,
        onDeath: (what, delayMs) => complain(`${what}; another one starts in ${delayMs} ms`),
        onEnd: (why) => this.#ended(held, { why, reader, configuration }),
      }),
    };
    held.worker.start();
    return held;
  }

  #introduce(worker: Worker, reader: number, configuration: WorkerConfiguration): void {
    const { become, place: folder, listeners } = this.#parts;
    const { settings, files } = configuration;
    const start: StartReader<Settings> = {
      kind: 'start',
      settings: settingsOfReader(settings),
      become,
      folder,
      files: Object.fromEntries(Object.entries(files).filter(([path]) => path !== settings.masterKeyFile)),
      reader,
      epoch: this.epochOf(configuration),
    };
    worker.send(start);
    for (const { listener, socket } of listeners) {
      if (sharedKinds.has(listener.kind)) worker.send({ kind: 'listener', listener }, socket);
    }
  }

  #ended(held: Held, { why, reader, configuration }: Again): void {
    held.isOver = true;
    this.#leaving.delete(held);
    if (this.#leaving.size === 0) {
      for (const resolve of this.#gone) resolve();
      this.#gone.clear();
    }
    if (why === undefined || this.#configuration !== configuration) return;
    this.#parts.complain(`${why}; it is tried again in ${againMs / 1000} s`);
    setTimeout(() => {
      if (this.#configuration !== configuration) return;
      const next = this.#start(reader, configuration);
      this.#held = this.#held.map((one) => (one === held ? next : one));
    }, againMs).unref();
  }
}

/** A reader gets the master key from the worker, which has opened the store with it, and makes nothing that the rest is for. */
export function settingsOfReader({ masterKeyFile: _, audit: __, ...others }: Settings): Settings {
  return { ...others, masterKey: undefined, previousMasterKey: undefined, seed: undefined, users: [], clients: [] };
}

interface Again {
  readonly why: string | undefined;
  readonly reader: number;
  readonly configuration: WorkerConfiguration;
}

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import type { FromWorker, StartWorker } from '../types/supervision.ts';
import type { ControlRequest } from './control-request.ts';
import { entryOf, type DataFolder } from './data-folder.ts';
import type { HeartbeatTimes } from './heartbeat.ts';
import { HeldListeners } from './held-listeners.ts';
import { describeHolder, holderOfLock } from './holder.ts';
import { openInNamespace } from './namespace-socket.ts';
import type { OpenedListener } from './own-sockets.ts';
import type { User } from './worker-user.ts';
import { Worker } from './worker.ts';

export interface SupervisorOptions {
  readonly settings: Settings;
  readonly become: User | undefined;
  /** What was read of the files that the settings name, by their paths. */
  readonly files: Readonly<Record<string, string>>;
  /** Where the commit mark lies, and our descriptor of it, if the worker is given one. */
  readonly mark: StartWorker<Settings>['mark'];
  readonly markDescriptor: number | undefined;
  readonly listeners: readonly OpenedListener[];
  readonly controlSocket: string;
  /** The worker's program. */
  readonly program: string;
  /** Of every child; without secrets. */
  readonly environment: NodeJS.ProcessEnv;
  /** The command that becomes the worker. */
  readonly launcher: readonly string[];
  readonly folder: DataFolder;
  readonly heartbeat: HeartbeatTimes;
  readonly now: () => number;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Called once, when everything has ended. */
  readonly onEnd: (exitCode: number) => void;
}

/** The worker's own lock in the data folder, of `store/sqlite-file.ts`. */
const databaseLock = 'postern.db.lock';

/**
 * Owns the listening sockets and the one worker that accepts on them. It reads nothing that comes from the network, and
 * accepts no connection: what it holds are raw sockets, handed to each worker anew.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #listeners = new HeldListeners();
  readonly #worker: Worker;
  readonly #required: ReadonlySet<string>;
  #control: Server | undefined;
  #announced = false;
  #exitCode = 0;
  #signals = 0;

  constructor(options: SupervisorOptions) {
    const { program, environment, launcher, folder, heartbeat, now, listeners, complain } = options;
    this.#options = options;
    this.#required = new Set(listeners.map(({ listener }) => listener.id));
    // A refusal of one of these ends the supervisor, in `#receive`.
    for (const { listener, socket } of listeners) void this.#listeners.add(listener, socket);
    this.#worker = new Worker({
      program,
      environment,
      launcher,
      mark: options.markDescriptor,
      folder: entryOf(folder),
      heartbeat,
      now,
      onStart: () => this.#introduce(),
      onMessage: (message) => this.#receive(message),
      onSilence: (seconds) => complain(`the worker has not answered for ${seconds} s and is killed`),
      onDeath: (how, delayMs) => this.#died(how, delayMs),
      onEnd: (why) => this.#end(why),
    });
  }

  start(control: Server): void {
    this.#control = control;
    this.#worker.start();
  }

  /** SIGINT or SIGTERM: the first asks the worker to end, the second does not wait for it. */
  signalled(): void {
    this.#signals += 1;
    if (this.#signals === 1) {
      this.#worker.stop();
      // Whoever comes now is refused, and does not wait in a queue that nobody will serve.
      if (this.#announced) this.#listeners.closeAll();
      return;
    }
    this.#exitCode = 1;
    this.#worker.kill();
  }

  /** An error that nobody expected, such as bytes on the worker's channel that are no message: nothing runs on unwatched. */
  broke(error: unknown): void {
    this.#fail(`the supervisor ends: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** What the control socket is asked. */
  async answer(request: ControlRequest): Promise<object> {
    if (request.kind === 'list') {
      const listeners = this.#listeners.subnets.map(({ id, subnet, incarnation }) => ({ id, subnet, incarnation }));
      return { ok: true, listeners };
    }
    if (request.kind === 'close') {
      const closed = await this.#listeners.close(request.id);
      return closed ? { ok: true, id: request.id } : { ok: false, message: `there is no listener ${request.id}` };
    }
    const { namespace, port, subnet } = request;
    const opened = await openInNamespace({ namespace, port, environment: this.#options.environment });
    if (!opened.ok) return opened;
    const id = randomUUID();
    const bound = await this.#listeners.add({ kind: 'subnet', id, subnet, incarnation: undefined }, opened.socket);
    return bound.ok ? { ok: true, id, incarnation: bound.incarnation } : bound;
  }

  /** Tells a new worker everything that it must know, and hands it every socket. */
  #introduce(): void {
    const { settings, become, folder, files, mark, controlSocket } = this.#options;
    const start: StartWorker<Settings> = {
      kind: 'start',
      // What was accepted once is not accepted of what a worker after that finds.
      settings: this.#announced ? { ...settings, acceptCopy: false } : settings,
      become,
      folder: folder.path,
      files,
      mark,
      listeners: this.#listeners.size,
      controlSocket,
    };
    this.#worker.send(start);
    this.#listeners.attach((message, socket) => this.#worker.send(message, socket));
  }

  #receive(message: Exclude<FromWorker, { readonly kind: 'pong' }>): void {
    const { json } = this.#options.settings;
    if (message.kind === 'fatal') this.#fail(`${message.message}${this.#holderOfDatabase()}`);
    else if (message.kind === 'ready') {
      // A worker that replaces another one has nothing new to say.
      if (!this.#announced) this.#options.print(json ? message.line : message.text);
      this.#announced = true;
    } else {
      const refused = this.#listeners.answered(message);
      if (refused === undefined || message.kind !== 'refused') return;
      if (this.#required.has(refused.id)) this.#fail(`the listener ${refused.id}: ${message.message}`);
      else this.#options.complain(`the listener ${refused.id} was given up: ${message.message}`);
    }
  }

  #died(how: string, delayMs: number): void {
    this.#listeners.detach();
    const when = delayMs === 0 ? 'now' : `in ${delayMs} ms`;
    this.#options.complain(`the worker died (${how}); another one starts ${when}`);
  }

  /** A worker whose supervisor was killed, and that hangs, has the database still. */
  #holderOfDatabase(): string {
    const { dataFolder } = this.#options.settings;
    const holder = dataFolder === undefined ? undefined : holderOfLock(join(dataFolder, databaseLock));
    return holder === undefined || holder.pid === this.#worker.pid ? '' : describeHolder(holder);
  }

  #fail(message: string): void {
    this.#options.complain(message);
    this.#exitCode = 1;
    this.#worker.kill();
  }

  #end(why: string | undefined): void {
    if (why !== undefined) {
      this.#options.complain(why);
      this.#exitCode = 1;
    }
    this.#listeners.detach();
    this.#listeners.closeAll();
    this.#control?.close();
    this.#options.onEnd(this.#exitCode);
  }
}

import { randomUUID } from 'node:crypto';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import type { FromWorker, StartWorker } from '../types/supervision.ts';
import type { ControlRequest } from './control-request.ts';
import type { WayIn } from './closed-way.ts';
import type { DataFolder } from './data-folder.ts';
import type { HeartbeatTimes } from './heartbeat.ts';
import { HeldListeners } from './held-listeners.ts';
import { describeHolder, holderOfLock } from './holder.ts';
import { openInNamespace } from './namespace-socket.ts';
import type { OpenedListener } from './own-sockets.ts';
import type { Given, Reread } from './reread.ts';
import { logOutput } from './terminal.ts';
import type { User } from './worker-user.ts';
import { Worker } from './worker.ts';

export interface SupervisorOptions {
  /** What the first worker is told. */
  readonly given: Given;
  readonly become: User | undefined;
  /** Where the commit mark lies, and our descriptor of it, if the worker is given one. */
  readonly mark: StartWorker<Settings>['mark'];
  readonly markDescriptor: number | undefined;
  /** Reads the configuration again. */
  readonly reread: (inForce: Settings) => Reread;
  readonly listeners: readonly OpenedListener[];
  readonly controlSocket: string;
  /** The worker's program. */
  readonly program: string;
  /** Of every child; without secrets. */
  readonly environment: NodeJS.ProcessEnv;
  /** How the worker gets into its folder; its command is the first part of the launcher. */
  readonly wayIn: Extract<WayIn, { readonly ok: true }>;
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
  /** What the next worker is told. */
  #given: Given;
  /** What the worker of the moment was told. */
  #introduced: Given;
  /** With what a worker has become ready last. */
  #proven: Given;
  #control: Server | undefined;
  #announced = false;
  #exitCode = 0;
  #signals = 0;

  constructor(options: SupervisorOptions) {
    const { program, environment, launcher, wayIn, folder, heartbeat, now, listeners, complain } = options;
    this.#options = options;
    this.#given = this.#introduced = this.#proven = options.given;
    this.#required = new Set(listeners.map(({ listener }) => listener.id));
    // A refusal of one of these ends the supervisor, in `#receive`.
    for (const { listener, socket } of listeners) void this.#listeners.add(listener, socket);
    this.#worker = new Worker({
      program,
      environment,
      launcher,
      mark: options.markDescriptor,
      log: logOutput(),
      startIn: wayIn.startIn,
      folder: folder.descriptor,
      heartbeat,
      now,
      onStart: () => this.#introduce(),
      onMessage: (message) => this.#receive(message),
      onSilence: (seconds) => complain(`the worker has not answered for ${seconds} s and is killed`),
      onReplaced: () => this.#listeners.detach(),
      onDeath: (what, delayMs) => this.#died(what, delayMs),
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

  /**
   * SIGHUP: reads the configuration again and replaces the worker, which opens its log anew. No connection is refused
   * meanwhile: those that come wait in the sockets. A configuration that cannot be used leaves the one before in force.
   */
  reload(): void {
    if (this.#signals > 0) return;
    const { complain } = this.#options;
    const read = this.#options.reread(this.#given.settings);
    if (read.ok) {
      this.#given = read.given;
      complain('SIGHUP: the configuration was reread, and a new worker takes over.');
      for (const name of read.kept) complain(`SIGHUP: ${name} was changed; that takes effect at the next restart.`);
    } else {
      complain(`SIGHUP: ${read.message} The current settings stay in force.`);
    }
    this.#worker.replace();
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
      return closed
        ? { ok: true, id: request.id }
        : { ok: false, message: `there is no listener ${request.id}; "postern listener list" shows the ids` };
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
    const { become, folder, wayIn, mark, controlSocket } = this.#options;
    this.#introduced = this.#given;
    const { settings, files } = this.#given;
    const start: StartWorker<Settings> = {
      kind: 'start',
      // What was accepted once is not accepted of what a worker after that finds.
      settings: this.#announced ? { ...settings, acceptCopy: false } : settings,
      become,
      folder: { path: folder.path, entry: wayIn.entry },
      files,
      mark,
      listeners: this.#listeners.size,
      controlSocket,
    };
    this.#worker.send(start);
    this.#listeners.attach((message, socket) => this.#worker.send(message, socket));
  }

  #receive(message: Exclude<FromWorker, { readonly kind: 'pong' }>): void {
    if (message.kind === 'fatal') this.#cannotGoOn(`${message.message}${this.#holderOfDatabase()}`);
    else if (message.kind === 'ready') this.#ready(message);
    else if (message.kind === 'refused') this.#refused(message);
    else this.#listeners.answered(message);
  }

  #ready({ line, text }: Extract<FromWorker, { readonly kind: 'ready' }>): void {
    this.#proven = this.#introduced;
    // A worker that replaces another one has nothing new to say.
    if (!this.#announced) this.#options.print(this.#given.settings.json ? line : text);
    this.#announced = true;
  }

  #refused({ id, message }: Extract<FromWorker, { readonly kind: 'refused' }>): void {
    if (this.#required.has(id)) this.#cannotGoOn(`the listener ${id}: ${message}`);
    else if (this.#listeners.refused({ id, message })) {
      this.#options.complain(`the listener ${id} was closed: ${message}`);
    }
  }

  /**
   * Where another worker has been ready with other settings, the next one gets these. Where one has been ready with the
   * same, what is wrong may pass, as a full disk does: another one tries again.
   */
  #cannotGoOn(message: string): void {
    if (!this.#announced || this.#signals > 0) {
      this.#fail(message);
      return;
    }
    if (this.#introduced === this.#proven) {
      this.#worker.retry(message);
      return;
    }
    // More than one listener may say the same.
    if (this.#given !== this.#proven)
      this.#options.complain(`${message}; the settings from before SIGHUP are in force again`);
    this.#given = this.#proven;
    this.#listeners.detach();
    this.#worker.discard();
  }

  #died(what: string, delayMs: number): void {
    this.#listeners.detach();
    const when = delayMs === 0 ? 'now' : `in ${delayMs} ms`;
    this.#options.complain(`${what}; another one starts ${when}`);
    // The settings may be what it died of, and without it nobody can say.
    if (this.#introduced === this.#proven || this.#given !== this.#introduced) return;
    this.#given = this.#proven;
    this.#options.complain('the settings from before SIGHUP hold again');
  }

  /** A worker whose supervisor was killed, and that hangs, has the database still. */
  #holderOfDatabase(): string {
    const { dataFolder } = this.#given.settings;
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

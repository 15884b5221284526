import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import type { FromWorker, StartWorker } from '../types/supervision.ts';
import { answerControl } from './control-answers.ts';
import type { ControlRequest } from './control-request.ts';
import { HeldBindings } from './held-bindings.ts';
import { HeldListeners } from './held-listeners.ts';
import type { Send } from './held-listeners.ts';
import { HeldRotations } from './held-rotations.ts';
import { describeHolder, holderOfLock } from './holder.ts';
import { healthUrl } from './own-sockets.ts';
import { lookEveryMs, type Tls } from './operator-tls.ts';
import type { WorkerConfiguration } from './reread.ts';
import { ServerStatus } from './status.ts';
import type { SupervisorOptions } from './supervisor-options.ts';
import { logOutput } from './terminal.ts';
import { Worker } from './worker.ts';

/** The worker's own lock in the data folder, of `store/sqlite-file.ts`. */
const databaseLock = 'postern.db.lock';

/**
 * Owns the listening sockets and the one worker that accepts on them. It reads nothing from the network and accepts no
 * connection: it only has raw sockets, which each new worker gets again.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #listeners = new HeldListeners();
  readonly #bindings = new HeldBindings();
  readonly #rotations: HeldRotations;
  readonly #worker: Worker;
  readonly #required: ReadonlySet<string>;
  /** For display. */
  readonly #health: string | undefined;
  /** The configuration for the next worker. */
  #configuration: WorkerConfiguration;
  /** The configuration that the current worker got. */
  #current: WorkerConfiguration;
  /** The configuration with which a worker last became ready. */
  #lastGood: WorkerConfiguration;
  #control: Server | undefined;
  #looking: NodeJS.Timeout | undefined;
  #announced = false;
  #exitCode = 0;
  #signals = 0;
  readonly #status: ServerStatus;

  constructor(options: SupervisorOptions) {
    const { program, environment, launcher, access, folder, heartbeat, now, listeners, complain } = options;
    this.#options = options;
    const parts = { startedMs: now(), listeners: this.#listeners, worker: () => this.#worker };
    this.#status = new ServerStatus({ ...parts, readers: options.readers });
    this.#configuration = this.#current = this.#lastGood = options.configuration;
    this.#rotations = new HeldRotations({
      settings: () => this.#current.settings,
      worker: options.become,
      setFiles: (contents) => this.#setFiles(contents),
    });
    this.#required = new Set(listeners.map(({ listener }) => listener.id));
    this.#health = healthUrl(listeners);
    // If a worker refuses one of these, the supervisor ends, in `#receive`.
    for (const { listener, socket } of listeners) void this.#listeners.add(listener, socket, 'settings');
    const own = { name: 'the worker', program, environment, launcher, heartbeat, now };
    this.#worker = new Worker({
      ...own,
      mark: options.markDescriptor,
      log: logOutput(),
      startIn: access.startIn,
      folder: folder.descriptor,
      onStart: () => this.#introduce(),
      onMessage: (message) => this.#receive(message),
      onSilence: (seconds) => complain(`the worker has not answered for ${seconds} s and is killed`),
      onReplaced: () => this.#detach(),
      onDeath: (what, delayMs) => this.#died(what, delayMs),
      onEnd: (why) => this.#end(why),
    });
  }

  start(control: Server): void {
    this.#control = control;
    this.#looking = setInterval(() => this.#lookAtTls(), lookEveryMs);
    this.#worker.start();
  }

  /** SIGINT or SIGTERM: the first one asks the worker to end, the second one kills it. */
  signalled(): void {
    this.#signals += 1;
    if (this.#signals === 1) {
      this.#options.readers?.stop();
      this.#worker.stop();
      // New connections are refused, instead of waiting in a queue that no worker will serve.
      if (this.#announced) this.#listeners.closeAll();
      return;
    }
    this.#exitCode = 1;
    this.#worker.kill();
  }

  /** An operator's command to leave the store, given here or at another node; the worker passes it on. */
  #asked(): void {
    if (this.#signals > 0) return;
    this.#options.complain('an operator has asked this server to leave its store');
    this.signalled();
  }

  /**
   * SIGHUP: reads the configuration again and replaces the worker, which also reopens its log. No connection is refused
   * meanwhile: new ones wait in the sockets. If the new configuration is invalid, the old one stays in force.
   */
  reload(tls: Tls): void {
    if (this.#signals > 0) return;
    const { complain } = this.#options;
    const read = this.#options.reread(this.#configuration.settings, tls);
    if (read.ok) {
      this.#configuration = read.configuration;
      complain('SIGHUP: the configuration was reread, and a new worker takes over.');
      for (const notice of read.notices) complain(notice);
      for (const name of read.kept) complain(`SIGHUP: ${name} was changed; that takes effect at the next restart.`);
    } else {
      complain(`SIGHUP: ${read.message} The current settings stay in force.`);
    }
    this.#options.readers?.stop();
    this.#worker.replace();
  }

  /** Shows new connections the operator's certificates from files that have changed. */
  #lookAtTls(): void {
    const { tls } = this.#configuration;
    if (tls === undefined) return;
    const { isChanged, notices } = tls.look();
    for (const notice of notices) this.#options.complain(notice);
    // A worker with other settings ends soon, and the next one gets the certificates with its settings.
    if (isChanged && this.#current === this.#configuration) this.#worker.send({ kind: 'tls', pairs: tls.pairs });
  }

  /** Ends the supervisor after an unexpected error, such as an invalid message on the worker's channel: a worker never runs unwatched. */
  crashed(error: unknown): void {
    this.#fail(`the supervisor ends: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** Answers a request of the control socket; `closed` resolves when its connection has closed. */
  answer(request: ControlRequest, closed: Promise<void>): object | Promise<object> {
    const { environment } = this.#options;
    const { acceptDeclared } = this.#current.settings;
    return answerControl(request, {
      listeners: this.#listeners,
      bindings: this.#bindings,
      rotations: this.#rotations,
      acceptDeclared,
      environment,
      closed,
      status: () => this.#status.read(),
    });
  }

  /** Sends a new worker its configuration and every socket. */
  #introduce(): void {
    const { become, folder, access, mark, controlSocket } = this.#options;
    this.#current = this.#configuration;
    this.#status.started();
    const { settings, files, tls } = this.#configuration;
    const start: StartWorker<Settings> = {
      kind: 'start',
      settings: this.#announced ? this.#laterSettings(settings) : settings,
      become,
      folder: { path: folder.path, entry: access.entry },
      files,
      tls: tls?.pairs ?? [],
      mark,
      health: this.#health,
      workerRestarts: this.#status.restarts,
      listeners: this.#listeners.size,
      bindings: this.#bindings.inForce,
      controlSocket,
      readersEpoch: this.#options.readers?.epochOf(this.#current),
    };
    this.#worker.send(start);
    const send: Send = (message, socket) => this.#worker.send(message, socket);
    for (const held of [this.#bindings, this.#listeners, this.#rotations]) held.attach(send);
  }

  /** Changes what the workers from the next one on read in files, in every configuration that one of them may get. */
  #setFiles(contents: Readonly<Record<string, string | undefined>>): void {
    const changed = new Map<WorkerConfiguration, WorkerConfiguration>();
    const change = (before: WorkerConfiguration): WorkerConfiguration => {
      const files = { ...before.files, ...contents };
      const there = Object.entries(files).flatMap(([path, text]) =>
        text === undefined ? [] : [[path, text] as const],
      );
      // One configuration stays one: which of them are the same says whether a worker has become ready with it.
      const after = changed.get(before) ?? { ...before, files: Object.fromEntries(there) };
      changed.set(before, after);
      return after;
    };
    this.#configuration = change(this.#configuration);
    this.#current = change(this.#current);
    this.#lastGood = change(this.#lastGood);
  }

  /** `acceptCopy` holds for the database of this start, not for one that a later worker finds. */
  #laterSettings(settings: Settings): Settings {
    const later = { ...settings, acceptCopy: false };
    // A worker that died had applied the seed: what clients have changed since then stays.
    return this.#configuration === this.#lastGood ? { ...later, seed: undefined } : later;
  }

  /** The worker has ended, and took what it was given with it. */
  #detach(): void {
    for (const held of [this.#listeners, this.#bindings, this.#rotations]) held.detach();
  }

  #receive(message: Exclude<FromWorker, { readonly kind: 'pong' }>): void {
    if (message.kind === 'fatal') this.#cannotContinue(`${message.message}${this.#holderOfDatabase()}`);
    else if (message.kind === 'ready') this.#ready(message);
    else if (message.kind === 'leave') this.#asked();
    else if (message.kind === 'rotated') this.#rotations.answered(message);
    else if (message.kind === 'status') this.#status.answered(message);
    else if (message.kind === 'refused') this.#refused(message);
    else if (message.kind === 'bound' && this.#bindings.bound(message.id)) return;
    else if (message.kind === 'closed' && this.#bindings.unbound(message.id)) return;
    else this.#listeners.answered(message);
  }

  #ready({ line, text }: Extract<FromWorker, { readonly kind: 'ready' }>): void {
    this.#lastGood = this.#current;
    // Only the first worker's message is printed.
    if (!this.#announced) this.#options.print(this.#configuration.settings.json ? line : text);
    this.#announced = true;
    if (this.#signals === 0) this.#options.readers?.use(this.#current);
    if (this.#configuration.settings.dryRun) this.signalled();
  }

  #refused({ id, message }: Extract<FromWorker, { readonly kind: 'refused' }>): void {
    if (this.#bindings.refused({ id, message }) || this.#rotations.answered({ kind: 'refused', id, message })) return;
    if (this.#required.has(id)) this.#cannotContinue(`the listener ${id}: ${message}`);
    else if (this.#listeners.refused({ id, message })) {
      this.#options.complain(`the listener ${id} was closed: ${message}`);
    }
  }

  /**
   * Handles a worker that cannot continue. If an earlier worker was ready with other settings, the next one gets those. If
   * one was ready with the same settings, the cause may pass, as a full disk does, so another worker tries again.
   */
  #cannotContinue(message: string): void {
    if (!this.#announced || this.#signals > 0) {
      this.#fail(message);
      return;
    }
    if (this.#current === this.#lastGood) {
      this.#worker.retry(message);
      return;
    }
    // Several listeners may be refused for the same reason; the message is printed once.
    if (this.#configuration !== this.#lastGood)
      this.#options.complain(`${message}; the settings from before SIGHUP are in force again`);
    this.#configuration = this.#lastGood;
    this.#detach();
    this.#worker.discard();
  }

  #died(what: string, delayMs: number): void {
    this.#detach();
    const when = delayMs === 0 ? 'now' : `in ${delayMs} ms`;
    this.#options.complain(`${what}; another one starts ${when}`);
    // The new settings may be the cause, which only the worker could have said.
    if (this.#current === this.#lastGood || this.#configuration !== this.#current) return;
    this.#configuration = this.#lastGood;
    this.#options.complain('the settings from before SIGHUP are in force again');
  }

  /** Describes the process that has the database open, such as a hung worker whose supervisor was killed. */
  #holderOfDatabase(): string {
    const { dataFolder } = this.#configuration.settings;
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
    this.#detach();
    clearInterval(this.#looking);
    this.#listeners.closeAll();
    this.#control?.close();
    this.#options.onEnd(this.#exitCode);
  }
}

import { fork, type ChildProcess, type StdioOptions } from 'node:child_process';
import { Socket } from 'node:net';
import type { FromWorker } from '../types/supervision.ts';
import { Heartbeat, type HeartbeatTimes } from './heartbeat.ts';
import { isRawSocket, sendWithSocket, type RawSocket } from './raw-socket.ts';
import { afterDeath, noDeaths, type DeathRecord } from './restart.ts';

export interface WorkerOptions {
  /** The process's name in messages. */
  readonly name: string;
  /** The program; it runs on the same Node as this process. */
  readonly program: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The words before Node and its parameters, a command that becomes the program; empty if none is needed. */
  readonly launcher: readonly string[];
  /** The worker's standard error. It has no standard input and output. */
  readonly log: number | 'inherit';
  /** The working directory. Until the process changes its user, its code runs with the rights of this process. */
  readonly startIn: string;
  /** Descriptor of a folder that each process gets as `folderDescriptor`. */
  readonly folder: number;
  /** Descriptor of a file that each process gets as `markDescriptor`; `undefined`: none. */
  readonly mark: number | undefined;
  /** Descriptor of the socket that a reader gets as the one after it (`openReaderChannel`). */
  readonly channel?: number | undefined;
  readonly heartbeat: HeartbeatTimes;
  /** In milliseconds. */
  readonly now: () => number;
  /** A new process was started and waits for its first message. */
  readonly onStart: () => void;
  readonly onMessage: (message: Exclude<FromWorker, { readonly kind: 'pong' }>) => void;
  /** The process does not answer and is killed. */
  readonly onSilence: (seconds: number) => void;
  /** The process has died, and another one starts after `delayMs`. `what` says how it died and why. */
  readonly onDeath: (what: string, delayMs: number) => void;
  /** The process has ended as requested, and the next one starts. */
  readonly onReplaced: () => void;
  /** The process has ended, and none follows: it was stopped, or died too often before it was ready. */
  readonly onEnd: (why: string | undefined) => void;
}

/** The numbers after standard input, output and error and Node's channel. */
export const folderDescriptor = 4;
export const markDescriptor = 5;

/** More than a worker needs to answer the requests in flight and close the store; one that takes longer hangs. */
const endMaxMs = 45_000;

/**
 * A request's objects are garbage once it is answered. With a young generation of 32 MiB instead of V8's 16, half as many
 * collections are needed, and half as many objects survive one by chance.
 */
export const workerMemory = ['--min-semi-space-size=32', '--max-semi-space-size=32'];

/** Keeps one worker process running. */
export class Worker {
  readonly #options: WorkerOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout | undefined;
  #endBy: NodeJS.Timeout | undefined;
  #deaths: DeathRecord = noDeaths;
  #readyAt: number | undefined;
  #stopping = false;
  #replacing = false;
  /** The message of a process that is then killed for it. */
  #said: string | undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  /** The pid of the current process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    const { program, environment, launcher, log, startIn, folder, mark, channel, onStart, onMessage } = this.#options;
    this.#readyAt = undefined;
    this.#said = undefined;
    const node = [process.execPath, ...process.execArgv, ...workerMemory];
    const [execPath = process.execPath, ...execArgv] = [...launcher, ...node];
    // A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which stops the worker in order.
    const stdio: StdioOptions = ['ignore', 'ignore', log, 'ipc', folder, mark, channel];
    const own = { detached: true, serialization: 'json' } as const;
    const child = fork(program, [], { ...own, stdio, execPath, execArgv, env: environment, cwd: startIn });
    this.#child = child;
    const heartbeat = this.#watch(child);
    child.on('message', (message, handle: unknown) => {
      // A worker has no reason to send a socket. A kept one would use a descriptor, or accept connections here.
      if (handle instanceof Socket) handle.destroy();
      else if (isRawSocket(handle)) handle.close();
      if (!isFromWorker(message)) return;
      heartbeat.heard();
      if (message.kind === 'pong') return;
      if (message.kind === 'ready') {
        this.#readyAt = this.#options.now();
        heartbeat.ready();
      }
      onMessage(message);
    });
    child.once('error', (error) => this.#gone(child, error.message));
    child.once('exit', (code, signal) => this.#gone(child, signal ?? `exit code ${code}`));
    onStart();
  }

  send(message: object, socket?: RawSocket): void {
    if (this.#child?.connected !== true) return;
    if (socket === undefined) this.#child.send(message, () => undefined);
    else sendWithSocket(this.#child, message, socket);
  }

  /** Asks the worker to end; `onEnd` follows. */
  stop(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child === undefined) this.#options.onEnd(undefined);
    else this.#askToEnd(this.#child, { why: 'the server is stopping', leaves: true });
  }

  /** Asks the process to end in order. The next one starts when it has ended, because a store has one worker at a time. */
  replace(): void {
    if (this.#stopping || this.#child === undefined) return;
    this.#replacing = true;
    this.#askToEnd(this.#child, { why: 'a new worker takes over', leaves: false });
  }

  /** Kills a process that cannot continue, and tries again as after any other death. */
  retry(why: string): void {
    this.#said ??= why;
    this.#child?.kill('SIGKILL');
  }

  /** Replaces a process that cannot continue. */
  discard(): void {
    if (this.#stopping || this.#child === undefined) return;
    this.#replacing = true;
    this.#child.kill('SIGKILL');
  }

  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child === undefined) this.#options.onEnd(undefined);
    else this.#child.kill('SIGKILL');
  }

  #askToEnd(child: ChildProcess, end: { readonly why: string; readonly leaves: boolean }): void {
    this.send({ kind: 'stop', ...end });
    this.#endBy ??= setTimeout(() => child.kill('SIGKILL'), endMaxMs);
  }

  /** Pings the process from now on, and kills it after too long a silence: a blocked event loop cannot handle a request to end. */
  #watch(child: ChildProcess): Heartbeat {
    const { heartbeat: times, onSilence } = this.#options;
    const heartbeat = new Heartbeat(times);
    this.#ping = setInterval(() => {
      const verdict = heartbeat.tick();
      if (verdict === undefined) {
        this.send({ kind: 'ping' });
        return;
      }
      clearInterval(this.#ping);
      onSilence(verdict.silentSeconds);
      // SIGKILL also ends a process that was stopped by SIGSTOP.
      child.kill('SIGKILL');
    }, times.everyMs);
    return heartbeat;
  }

  #gone(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    clearInterval(this.#ping);
    clearTimeout(this.#endBy);
    this.#endBy = undefined;
    if (this.#stopping) {
      this.#options.onEnd(undefined);
      return;
    }
    if (this.#replacing) {
      this.#replacing = false;
      this.#options.onReplaced();
      this.start();
      return;
    }
    const { name } = this.#options;
    const servedMs = this.#readyAt === undefined ? undefined : this.#options.now() - this.#readyAt;
    const next = afterDeath(this.#deaths, servedMs === undefined ? { ready: false } : { ready: true, servedMs });
    if (next.kind === 'giveUp') {
      this.#options.onEnd(`${name} died ${next.deaths} times before it was ready, the last time by ${how}`);
      return;
    }
    this.#deaths = next.record;
    this.#options.onDeath(
      this.#said === undefined ? `${name} died (${how})` : `${name} cannot continue: ${this.#said}`,
      next.delayMs,
    );
    this.#timer = setTimeout(() => this.start(), next.delayMs);
  }
}

const stringMembers: Readonly<Record<FromWorker['kind'], readonly string[]>> = {
  pong: [],
  status: ['id', 'text'],
  ready: ['line', 'text'],
  leave: [],
  fatal: ['message'],
  bound: ['id'],
  rotated: ['id', 'from', 'to'],
  refused: ['id', 'message'],
  closed: ['id'],
};

/** A worker faces the network, so its messages are checked as untrusted input. */
function isFromWorker(message: unknown): message is FromWorker {
  if (typeof message !== 'object' || message === null) return false;
  const members: Readonly<Record<string, unknown>> = { ...message };
  const { kind, incarnation } = members;
  if (typeof kind !== 'string' || !Object.hasOwn(stringMembers, kind)) return false;
  const wanted = Object.entries(stringMembers).find(([known]) => known === kind)?.[1] ?? [];
  if (incarnation !== undefined && typeof incarnation !== 'string') return false;
  return wanted.every((name) => typeof members[name] === 'string');
}

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { programUrl } from '../programs/programs.ts';
import type { Backend, Facts, PlaceFound } from './backend.ts';
import type { Answered, Asked, Call, Environment, Returned } from './child-messages.ts';
import type { PosternOptions } from './postern.ts';

const program = programUrl('server-child');

/** Starts the server in a process of its own, for a program whose module loader cannot take it in, such as Jest's. */
export async function openServerInChild(options: PosternOptions): Promise<Backend> {
  const child = new ServerInChild();
  await child.start(options);
  return child;
}

/** The errors of `Backend` that a caller may look for by their class. */
const classes: Readonly<Record<string, new (message: string) => Error>> = { TypeError, RangeError };

class ServerInChild implements Backend {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Returned>>();
  #facts: Facts | undefined;
  #calls = 0;

  constructor() {
    // Options of the parent, such as a test runner's loader or its inspector, are not for the server.
    const stdio: ('ignore' | 'inherit' | 'ipc')[] = ['ignore', 'ignore', 'inherit', 'ipc'];
    const env = { ...process.env, NODE_OPTIONS: undefined };
    this.#child = fork(program, [], { env, execArgv: [], serialization: 'advanced', stdio });
    this.#child.on('message', (answered: Answered) => this.#settle(answered));
    this.#child.once('exit', (code, signal) => this.#ended(signal ?? `exit status ${String(code)}`));
    this.#child.once('error', (error) => this.#ended(error.message));
  }

  async start(options: PosternOptions): Promise<void> {
    try {
      await this.#ask({ call: 'start', options });
    } catch (error) {
      this.#child.kill();
      throw error;
    }
  }

  get facts(): Facts {
    return known(this.#facts);
  }

  async find(place: string): Promise<PlaceFound> {
    return known((await this.#ask({ call: 'find', place })).place);
  }

  async environment(inherited: Readonly<Record<string, string | undefined>>): Promise<Environment> {
    return known((await this.#ask({ call: 'environment', inherited: { ...inherited } })).environment);
  }

  async advance(ms: number): Promise<void> {
    await this.#ask({ call: 'advance', ms });
  }

  async recorded(): Promise<void> {
    await this.#ask({ call: 'recorded' });
  }

  async reset(): Promise<void> {
    await this.#ask({ call: 'reset' });
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) {
      const ended = once(this.#child, 'exit');
      // A child that ends meanwhile gives no answer, and is what was wanted.
      await Promise.race([this.#ask({ call: 'stop' }), ended]);
      await ended;
    }
    // A child that was killed left its folder.
    if (this.#facts !== undefined) rmSync(this.#facts.dataDir, { recursive: true, force: true });
  }

  async #ask(call: Call): Promise<Returned> {
    this.#calls += 1;
    const asked: Asked = { ...call, id: this.#calls };
    const waiting = Promise.withResolvers<Returned>();
    this.#waiting.set(asked.id, waiting);
    this.#child.send(asked, (error) => {
      if (error !== null) waiting.reject(error);
    });
    const returned = await waiting.promise;
    this.#facts = returned.facts ?? this.#facts;
    return returned;
  }

  #settle(answered: Answered): void {
    const waiting = this.#waiting.get(answered.id);
    this.#waiting.delete(answered.id);
    if (answered.ok) waiting?.resolve(answered.returned);
    else waiting?.reject(new (classes[answered.name] ?? Error)(answered.message));
  }

  #ended(how: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`The server ended: ${how}.`));
    this.#waiting.clear();
  }
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the server in the child process has not started, or gave no answer');
  return value;
}

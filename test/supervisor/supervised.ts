import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { watched } from '../../tools/turns.ts';

/** The stub's message when it is ready. */
export interface Ready {
  readonly pid: number;
  readonly port: number;
  readonly masterKey?: string;
  readonly dataFolder?: string;
  readonly become?: { readonly uid: number; readonly gid: number };
  readonly listeners: number;
  readonly controlSocket: string;
  readonly environment: readonly string[];
  readonly folder: string;
}

/** The stub's answer to a connection. */
export interface Greeting {
  readonly pid: number;
  readonly remoteAddress: string;
  readonly listener: { readonly kind: string; readonly incarnation?: string };
}

export class Supervised {
  readonly process: ChildProcess;
  readonly output: string[] = [];
  complaints = '';
  readonly #exit: Promise<number | null>;
  #wake = Promise.withResolvers<void>();

  constructor(process: ChildProcess) {
    this.process = process;
    assert.ok(process.stdout && process.stderr);
    createInterface(process.stdout).on('line', (line) => {
      this.output.push(line);
      this.#changed();
    });
    process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.complaints += text;
      this.#changed();
    });
    this.#exit = once(process, 'close').then(([code]: (number | null)[]) => {
      this.#changed();
      return code ?? null;
    });
  }

  #changed(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Waits until the output of the process makes the condition true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      assert.equal(this.process.exitCode, null, `the supervisor has ended: ${this.complaints}`);
      await this.#wake.promise;
    }
  }

  async ready(): Promise<Ready> {
    await this.until(() => this.output.length > 0);
    const ready: unknown = JSON.parse(this.output[0] ?? '');
    assert.ok(isReady(ready), 'the stub did not send its ready message');
    return ready;
  }

  exit(): Promise<number | null> {
    return this.#exit;
  }
}

export interface Started {
  readonly argv?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** `postern start` with the stub as its worker, any free port, and nothing on disk unless told otherwise. */
export function startSupervisor(t: TestContext, { argv = ['--memory'], environment = {} }: Started = {}): Supervised {
  const program = join(import.meta.dirname, 'start-with-stub.ts');
  const port = argv.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(process.execPath, [program, '--json', ...port, ...argv], {
    env: watched({ ...process.env, ...environment }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const supervised = new Supervised(child);
  t.after(async () => {
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    await supervised.exit();
  });
  return supervised;
}

/** Enough to distinguish a stub's message from anything else. */
function isReady(value: unknown): value is Ready {
  return isObject(value) && typeof value['controlSocket'] === 'string';
}

function isGreeting(value: unknown): value is Greeting {
  return isObject(value) && typeof value['pid'] === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

export function readGreeting(text: string): Greeting {
  const greeting: unknown = JSON.parse(text);
  assert.ok(isGreeting(greeting), `no greeting: ${text}`);
  return greeting;
}

/** Connects and reads the worker's greeting. */
export async function greet(port: number, host = '127.0.0.1'): Promise<Greeting> {
  const socket = connect({ host, port });
  let text = '';
  for await (const chunk of socket.setEncoding('utf8')) text += String(chunk);
  return readGreeting(text);
}

/** One request to the control socket. */
export async function control(path: string, request: unknown): Promise<Record<string, unknown>> {
  const socket = connect(path);
  socket.write(`${typeof request === 'string' ? request : JSON.stringify(request)}\n`);
  const lines: unknown[] = await once(createInterface(socket), 'line');
  socket.destroy();
  const answer: unknown = JSON.parse(String(lines[0]));
  assert.ok(isObject(answer));
  return answer;
}

export async function newFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-supervisor-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

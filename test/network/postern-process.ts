import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { AuditRecord } from '../../src/audit/event.ts';
import type { RefusedConnection } from '../../src/ingress/refusal.ts';
import { watched } from '../../tools/turns.ts';
import type { ReadyLine } from '../world/process.ts';
import { parseAs } from './parse-as.ts';

export interface PosternStart {
  readonly root: string;
  /** The network namespace of the vault's host. */
  readonly namespace: string;
  readonly parameters: readonly string[];
}

export interface SubnetListenerOpened {
  readonly id: string;
  readonly incarnation: string;
}

const patienceMs = 15_000;

/** The real `bin/postern start`, in the network namespace of the vault's host. */
export class PosternProcess implements AsyncDisposable {
  readonly #start: PosternStart;
  readonly #child: ChildProcess;
  readonly #ready = Promise.withResolvers<ReadyLine>();
  #log = '';

  constructor(start: PosternStart) {
    this.#start = start;
    const program = join(start.root, 'bin/postern');
    const parameters = ['netns', 'exec', start.namespace, program, 'start', '--json', ...start.parameters];
    this.#child = spawn('ip', parameters, { env: watched(withoutMasterKeys()), stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (!printed.includes('\n')) return;
      const ready = parseAs<ReadyLine>(printed);
      this.#ready.resolve(ready);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    this.#child.once('exit', () => this.#ready.reject(new Error(`postern ended before it was ready:\n${this.#log}`)));
  }

  get ready(): Promise<ReadyLine> {
    return this.#ready.promise;
  }

  /** Its output on standard error so far. */
  get log(): string {
    return this.#log;
  }

  /** The supervisor: `ip netns exec` and the launcher have become it. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get workerPid(): number {
    const [worker = ''] = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').split(' ');
    return Number(worker);
  }

  /** Kills the worker, and returns once another one runs. */
  async killWorker(): Promise<void> {
    const before = this.workerPid;
    process.kill(before, 'SIGKILL');
    await until('another worker', () => this.workerPid !== 0 && this.workerPid !== before);
  }

  /** Sends SIGHUP, and returns once another worker runs. */
  async reload(): Promise<void> {
    const before = this.workerPid;
    this.#child.kill('SIGHUP');
    await until('another worker', () => this.workerPid !== 0 && this.workerPid !== before);
  }

  async openListener(
    dataDir: string,
    asked: { readonly namespace: string; readonly port: number; readonly subnet: string },
  ): Promise<SubnetListenerOpened> {
    const { namespace, port, subnet } = asked;
    const place = ['--namespace', namespace, '--port', String(port), '--subnet', subnet];
    const printed = await this.#command('listener', 'open', ...place, '--data', dataDir);
    return parseAs<SubnetListenerOpened>(printed);
  }

  async closeListener(dataDir: string, id: string): Promise<void> {
    await this.#command('listener', 'close', '--id', id, '--data', dataDir);
  }

  async listListeners(dataDir: string): Promise<readonly SubnetListenerOpened[]> {
    return parseAs<readonly SubnetListenerOpened[]>(await this.#command('listener', 'list', '--data', dataDir));
  }

  /** The connections that the ingress has refused since `mark`, a length of the log. */
  refusals(mark = 0): readonly RefusedConnection[] {
    return this.#log
      .slice(mark)
      .split('\n')
      .filter((line) => line.includes('a connection was refused') && line.endsWith('}'))
      .map((line) => parseAs<RefusedConnection>(line));
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      this.#child.once('exit', resolve);
    });
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGTERM'), 5_000);
    await ended;
    clearTimeout(timer);
  }

  /** Asks it to stop, without waiting. */
  abandon(): void {
    this.#child.kill('SIGTERM');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #command(...words: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(join(this.#start.root, 'bin/postern'), [...words]);
    return stdout;
  }
}

/** The records of a request in order: usually the challenge and then the answer. */
export function recordsOf(dataDir: string, requestId: string): readonly AuditRecord[] {
  return auditLines(dataDir)
    .filter((line) => line.includes(requestId))
    .map((line) => parseAs<AuditRecord>(line));
}

/** All records in order; the last line may not be whole yet. */
export function auditRecords(dataDir: string): readonly AuditRecord[] {
  return auditLines(dataDir)
    .filter((line) => line.endsWith('}'))
    .map((line) => parseAs<AuditRecord>(line));
}

function auditLines(dataDir: string): readonly string[] {
  const folder = join(dataDir, 'audit');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(10);
  }
}

function withoutMasterKeys(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('POSTERN_')));
}

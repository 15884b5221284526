import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { watched } from '../../tools/turns.ts';
import { connect } from './client.ts';
import { whenEndedBySignal } from './ended-by-signal.ts';
import type { Client } from './client.ts';
import { readersOptions } from './readers-options.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

/** The line that `postern start --json` prints. */
export type ReadyLine = Readonly<
  Record<
    | 'home'
    | 'vaultSuffix'
    | 'tenantId'
    | 'subscriptionId'
    | 'clientId'
    | 'clientSecret'
    | 'objectId'
    | 'caFile'
    | 'dataDir'
    | 'controlSocket',
    string
  >
> & {
  readonly port: number;
  readonly portal: { readonly url: string; readonly user?: string; readonly password?: string };
};

export interface RunningPostern extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ready: ReadyLine & { readonly ready: true };
  readonly client: Client;
  /** Its output on stderr so far. */
  readonly stderr: () => string;
  /** The worker that serves now. */
  readonly workerPid: () => number;
  /**
   * Sends a signal to the supervisor and waits for its end and for its worker's; returns its exit code, or the signal
   * that ended it. A worker whose supervisor was killed ends by itself a moment later, and its database's files change
   * until then.
   */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>;
  /** Waits for its end. */
  readonly exited: () => Promise<number | NodeJS.Signals | null>;
}

/** Starts the real command, supervisor and worker, and waits until it is ready. */
export function startPostern(options: readonly string[]): Promise<RunningPostern> {
  return startCommand([postern, 'start', ...options, ...readersOptions(options)]);
}

/** The same with another command that has the options and output of `postern start`. */
export async function startCommand([command = '', ...options]: readonly string[]): Promise<RunningPostern> {
  const child = spawn(command, [...options, '--json', '--port', '0'], {
    env: watched(process.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const guard = whenEndedBySignal(() => void child.kill('SIGTERM'));
  child.once('exit', () => guard[Symbol.dispose]());
  const exited = once(child, 'exit');
  const line = await Promise.race([firstLine(child), exited.then(() => undefined)]);
  if (line === undefined) throw new Error(`postern did not start: ${stderr}`);
  const ready = JSON.parse(line) as RunningPostern['ready'];
  const { port, hostname } = new URL(ready.home);
  const ended = async () => {
    await exited;
    return child.exitCode ?? child.signalCode;
  };
  const end = async (signal: NodeJS.Signals) => {
    const workers = childrenOf(child.pid ?? 0);
    child.kill(signal);
    const result = await ended();
    await until(() => workers.every((worker) => !existsSync(`/proc/${worker}`)), 'the end of the worker');
    return result;
  };
  return {
    child,
    ready,
    client: connect({
      port: Number(port),
      domain: hostname,
      ca: readFileSync(ready.caFile, 'utf8'),
      identity: { ...ready, demo: false },
    }),
    stderr: () => stderr,
    workerPid: () => workerOf(child.pid ?? 0),
    end,
    exited: ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await end('SIGTERM');
    },
  };
}

/** A data folder for one test, removed afterwards. */
export function dataFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'postern-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Waits until `check` is true, at most a minute: a busy machine takes long to start a process. */
export async function until(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 20) {
    if (await check()) return;
    await sleep(20);
  }
  throw new Error(`waited in vain: ${what}`);
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface(child.stdout)) return line;
  return undefined;
}

function workerOf(supervisor: number): number {
  const worker = childrenOf(supervisor).find((pid) => /(?:main\.ts|worker\.js)\0$/.test(commandOf(pid)));
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function parentOf(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1]);
  } catch {
    // It ended meanwhile.
    return 0;
  }
}

/** The time from the resource manager's answer, which switches a service endpoint, to the first answer by the new way. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FabricLab, postern } from '../../test/fabric/fabric-lab.ts';
import { put, putNetwork, putVault, secret, setRules, subnetAt, subnetId, vault } from '../../test/fabric/site.ts';
import { quantile } from '../wrk.ts';
import type { Run } from './run.ts';
import { checkout } from './way.ts';
import type { Seen, WayTaken } from './watch-source.ts';

const prefix = '10.0.0.0/24';
/** The reconciler has done all that a switch asks by then. */
const settlingMs = 300;
const patienceMs = 20_000;

interface Switched {
  readonly to: WayTaken;
  /** How long the resource manager took. */
  readonly putMs: number;
  readonly seenMs: number;
}

/** Prints a table of `rounds` switches, half of them off. */
export async function switches({ stack, rounds, stop }: Run): Promise<void> {
  const lab = stack.use(await FabricLab.start());
  await putNetwork(lab, 'bench', { space: '10.0.0.0/16', subnets: { web: subnetAt(prefix, 'endpoint') } });
  await putVault(lab);
  const rules = [{ id: subnetId(lab, 'bench/web') }];
  await setRules(lab, { defaultAction: 'Deny', bypass: 'None', ipRules: [], virtualNetworkRules: rules });
  await lab.up();
  const watcher = stack.use(new Watcher(lab.dataDir, await lab.client.token('https://vault.azure.net')));
  await watcher.sees('endpoint');
  const measured: Switched[] = [];
  for (let index = 0; index < rounds; index += 1) {
    stop.throwIfAborted();
    await sleep(settlingMs);
    const to = index % 2 === 0 ? 'public' : 'endpoint';
    const startMs = monotonicMs();
    await put(lab, 'virtualNetworks/bench/subnets/web', subnetAt(prefix, to === 'public' ? 'no endpoint' : 'endpoint'));
    const answeredMs = monotonicMs();
    measured.push({ to, putMs: answeredMs - startMs, seenMs: (await watcher.sees(to)) - answeredMs });
  }
  printTable(measured, await watcher.end());
}

function printTable(measured: readonly Switched[], { answers, cut, p50Ms, p99Ms }: Total): void {
  const of = (to: WayTaken) => measured.filter((one) => one.to === to).map(({ seenMs }) => seenMs);
  const all = measured.map(({ seenMs }) => seenMs);
  console.log('| a service endpoint is switched | p50 ms | p99 ms | most ms |');
  console.log('| --- | --- | --- | --- |');
  const rows = {
    'off: from the answer to the first request by the public address': of('public'),
    'on: from the answer to the first request through the endpoint': of('endpoint'),
    both: all,
    "beside it: the resource manager's own time for the PUT": measured.map(({ putMs }) => putMs),
  };
  for (const [name, values] of Object.entries(rows)) {
    const figures = [quantile(values, 0.5), quantile(values, 0.99), Math.max(...values)];
    console.log(`| ${name} (${values.length}) | ${figures.map((value) => value.toFixed(0)).join(' | ')} |`);
  }
  console.log(`| beside it: a request of the program (${answers}) | ${p50Ms.toFixed(1)} | ${p99Ms.toFixed(1)} | |`);
  console.log(`\n${cut} requests of the program ended without an answer.`);
}

type Total = Extract<Seen, { readonly answers: number }>;

/** `watch-source.ts` in the subnet. */
class Watcher implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown>;
  readonly #lines: NodeJS.AsyncIterator<string>;

  constructor(dataDir: string, token: string) {
    const url = `https://${vault}.vault.azure.net/secrets/${secret.name}?api-version=7.4`;
    const program = [process.execPath, join(import.meta.dirname, 'watch-source.ts'), url, token];
    const words = ['exec', '--data', dataDir, '--subnet', 'bench/web', '--', ...program];
    this.#child = spawn(postern, words, { cwd: checkout, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#ended = once(this.#child, 'exit');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** The time of the first answer by this way. */
  async sees(way: WayTaken): Promise<number> {
    const seen = await this.#next(way);
    if ('atMs' in seen && seen.way === way) return seen.atMs;
    throw new Error(`the program saw ${JSON.stringify(seen)} instead of the way ${way}`);
  }

  async end(): Promise<Total> {
    this.#child.stdin.end();
    const seen = await this.#next('its end');
    await this.#ended;
    if ('answers' in seen) return seen;
    throw new Error(`the program saw ${JSON.stringify(seen)} without a switch`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  async #next(what: string): Promise<Seen> {
    const waiting = new AbortController();
    const late = sleep(patienceMs, undefined, { signal: waiting.signal }).then(() => {
      throw new Error(`waited ${patienceMs} ms in vain for ${what}`);
    });
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late]);
      if (done === true) throw new Error(`the program ended before ${what}`);
      return JSON.parse(value) as Seen;
    } finally {
      late.catch(() => undefined);
      waiting.abort();
    }
  }
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

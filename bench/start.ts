/**
 * The time from `postern start` to ready, and the memory of supervisor and worker when idle: of the package's bundled
 * programs (run `npm run build` first), of the sources, and of other checkouts, one after the other in each round. The first
 * start makes keys, certificates and the demo world; the later one finds them, and a warm compile cache.
 * `npm run bench -- start 9 ../earlier` compares with the `dist/` of another checkout.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuNanoseconds } from './wrk.ts';

const rounds = Number(process.argv[2] ?? 9);
const from = process.env['INIT_CWD'] ?? process.cwd();
const own = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const installations = new Map([
  ['dist', install('dist', { checkout: own, part: 'dist' })],
  ['sources', install('sources', { checkout: own, part: 'src' })],
  ...process.argv.slice(3).map((path): [string, string] => {
    const name = `dist of ${basename(path)}`;
    return [name, install(name, { checkout: resolve(from, path), part: 'dist' })];
  }),
]);

/** As an installed package, on the Node of this process. */
function install(name: string, { checkout, part }: { readonly checkout: string; readonly part: string }): string {
  const to = join(folder, name);
  for (const each of ['bin', part, 'package.json']) cpSync(join(checkout, each), join(to, each), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(to, 'node_modules'));
  return to;
}

interface Start {
  readonly readyMs: number;
  readonly readyCpuMs: number;
  readonly residentMiB: readonly number[];
  readonly proportionalMiB: readonly number[];
}

async function start(installation: string): Promise<Start> {
  const startMs = performance.now();
  const command = ['bin/main.mjs', 'start', '--json', '--port', '0', '--data', join(installation, 'data')];
  const child = spawn(process.execPath, command, { cwd: installation, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const _ of createInterface(child.stdout)) break;
  const readyMs = performance.now() - startMs;
  const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
  const readyCpuMs = pids.reduce((sum, pid) => sum + cpuNanoseconds(pid), 0) / 1e6;
  await sleep(1500);
  const [residentMiB, proportionalMiB] = [memoryMiB(pids, 'Rss'), memoryMiB(pids, 'Pss')];
  child.kill('SIGTERM');
  await once(child, 'exit');
  return { readyMs, readyCpuMs, residentMiB, proportionalMiB };
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]) === parent;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** `Pss` counts what processes share once, in equal parts. */
function memoryMiB(pids: readonly number[], key: 'Rss' | 'Pss'): readonly number[] {
  const line = new RegExp(String.raw`^${key}:\s+(\d+)`, 'm');
  return pids.map((pid) => Number(line.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024);
}

const firsts = new Map([...installations.keys()].map((name) => [name, [] as Start[]]));
const laters = new Map([...installations.keys()].map((name) => [name, [] as Start[]]));
const bareMs: number[] = [];
// The round before fills the compile cache.
for (let round = -1; round < rounds; round += 1) {
  const startMs = performance.now();
  spawnSync(process.execPath, ['--eval', '0']);
  if (round >= 0) bareMs.push(performance.now() - startMs);
  for (const [name, installation] of installations) {
    const [first, later] = [await start(installation), await start(installation)];
    rmSync(join(installation, 'data'), { recursive: true });
    if (round < 0) continue;
    firsts.get(name)?.push(first);
    laters.get(name)?.push(later);
  }
}
rmSync(folder, { recursive: true, force: true });

function median(values: readonly number[]): string {
  return (values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(0);
}

console.log(
  `Medians of ${rounds} rounds; memory as supervisor + worker. Node that does nothing: ${median(bareMs)} ms.\n`,
);
console.log('| | ready, ms | least | CPU until then, ms | first start, ms | its CPU, ms | RSS, MiB | PSS, MiB |');
console.log('|---|---|---|---|---|---|---|---|');
for (const [name, later] of laters) {
  const first = firsts.get(name) ?? [];
  const memory = (key: 'residentMiB' | 'proportionalMiB') =>
    [0, 1].map((index) => median(later.map((one) => one[key][index] ?? 0))).join(' + ');
  const cells = [
    median(later.map(({ readyMs }) => readyMs)),
    Math.min(...later.map(({ readyMs }) => readyMs)).toFixed(0),
    median(later.map(({ readyCpuMs }) => readyCpuMs)),
    median(first.map(({ readyMs }) => readyMs)),
    median(first.map(({ readyCpuMs }) => readyCpuMs)),
    memory('residentMiB'),
    memory('proportionalMiB'),
  ];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

/**
 * The time from `bin/postern start` to ready, on `dist/` (run `npm run build` first), and the memory of supervisor and
 * worker when idle: resident, and proportional, which counts shared memory once. The first start makes keys,
 * certificates and the demo world; later ones have a warm compile cache. `npm run bench -- start 9 ../earlier` for
 * another checkout.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuNanoseconds } from './wrk.ts';

const starts = Number(process.argv[2] ?? 9);
const from = process.env['INIT_CWD'] ?? process.cwd();
const checkout = process.argv[3] === undefined ? join(import.meta.dirname, '..') : resolve(from, process.argv[3]);
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
// As an installed package: without `src/` and `runtime/`, on the Node on PATH.
for (const part of ['bin', 'dist', 'package.json'])
  cpSync(join(checkout, part), join(folder, part), { recursive: true });
symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'));

interface Started {
  readonly readyMs: number;
  readonly readyCpuMs: number;
  readonly residentMiB: number;
  readonly proportionalMiB: number;
}

async function start(): Promise<Started> {
  const startMs = performance.now();
  const child = spawn(join(folder, 'bin/postern'), ['start', '--json', '--port', '0', '--data', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}` },
  });
  for await (const _ of createInterface(child.stdout)) break;
  const readyMs = performance.now() - startMs;
  const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
  const readyCpuMs = pids.reduce((sum, pid) => sum + cpuNanoseconds(pid), 0) / 1e6;
  await sleep(1500);
  const sumMiB = (key: 'Rss' | 'Pss') => pids.reduce((sum, pid) => sum + memoryKiB(pid, key), 0) / 1024;
  const [residentMiB, proportionalMiB] = [sumMiB('Rss'), sumMiB('Pss')];
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

function memoryKiB(pid: number, key: 'Rss' | 'Pss'): number {
  return Number(
    new RegExp(String.raw`^${key}:\s+(\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1],
  );
}

const first = await start();
const later: Started[] = [];
for (let index = 0; index < starts; index += 1) later.push(await start());
rmSync(folder, { recursive: true, force: true });
console.log(`| start, ${starts} times on one data folder | min | median | max |`);
console.log('|---|---|---|---|');
for (const [what, key] of [
  ['ready, ms', 'readyMs'],
  ['processor time until then, both processes, ms', 'readyCpuMs'],
  ['resident when idle, both processes, MiB', 'residentMiB'],
  ['proportional when idle, both processes, MiB', 'proportionalMiB'],
] as const) {
  const values = later.map((one) => one[key]).toSorted((a, b) => a - b);
  const shown = [values[0], values[Math.floor(starts / 2)], values.at(-1)].map((value) => value?.toFixed(0));
  console.log(`| ${what} | ${shown.join(' | ')} |`);
}
console.log(`\nfirst start, on an empty folder: ${first.readyMs.toFixed(0)} ms`);

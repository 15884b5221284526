/**
 * From `bin/postern start` to ready, on `dist/` (run `npm run build` first), and what supervisor and worker hold in memory
 * when idle. The first start makes keys, certificates and the demo world; the later ones have a warm compile cache.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const starts = Number(process.argv[2] ?? 9);
const checkout = dirname(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
// As it is installed: without `src/` and `runtime/`, on the Node on PATH.
for (const part of ['bin', 'dist', 'package.json'])
  cpSync(join(checkout, part), join(folder, part), { recursive: true });
symlinkSync(join(checkout, 'node_modules'), join(folder, 'node_modules'));

async function start(): Promise<{ readonly readyMs: number; readonly residentMiB: number }> {
  const from = performance.now();
  const child = spawn(join(folder, 'bin/postern'), ['start', '--json', '--port', '0', '--data', join(folder, 'data')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` },
  });
  for await (const _ of createInterface(child.stdout)) break;
  const readyMs = performance.now() - from;
  await sleep(1500);
  const pids = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)];
  const residentMiB = pids.reduce((sum, pid) => sum + residentKiB(pid), 0) / 1024;
  child.kill('SIGTERM');
  await new Promise((resolve) => {
    child.once('exit', resolve);
  });
  return { readyMs, residentMiB };
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

function residentKiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

const first = await start();
const later: Awaited<ReturnType<typeof start>>[] = [];
for (let index = 0; index < starts; index += 1) later.push(await start());
rmSync(folder, { recursive: true, force: true });
const of = (key: 'readyMs' | 'residentMiB') => later.map((one) => one[key]).toSorted((a, b) => a - b);
const [ready, resident] = [of('readyMs'), of('residentMiB')];
const middle = Math.floor(starts / 2);
console.log(`| start, ${starts} times on one data folder | min | median | max |`);
console.log('|---|---|---|---|');
console.log(`| ready, ms | ${ready[0]?.toFixed(0)} | ${ready[middle]?.toFixed(0)} | ${ready.at(-1)?.toFixed(0)} |`);
console.log(
  `| resident when idle, both processes, MiB | ${resident[0]?.toFixed(0)} | ${resident[middle]?.toFixed(0)} | ${resident.at(-1)?.toFixed(0)} |`,
);
console.log(`\nfirst start, on an empty folder: ${first.readyMs.toFixed(0)} ms`);

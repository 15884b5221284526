/**
 * The time that `postern run -- true` takes over `true`, and over Node that does nothing, in alternating rounds: that is
 * what a user waits before each program.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const rounds = Number(process.argv[2] ?? 40);
const postern = join(import.meta.dirname, '../bin/postern');
const data = mkdtempSync(join(tmpdir(), 'postern-bench-'));
const server = spawn(postern, ['start', '--json', '--port', '0', '--data', data], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
for await (const _ of createInterface(server.stdout)) break;

const commands: Readonly<Record<string, readonly string[]>> = {
  true: ['true'],
  'node that does nothing': [process.execPath, '--eval', '0'],
  'postern run -- true': [postern, 'run', '--data', data, '--', 'true'],
};
const taken = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
// The first of each fills the caches.
for (let round = -1; round < rounds; round += 1) {
  for (const [name, [file = '', ...rest]] of Object.entries(commands)) {
    const startMs = performance.now();
    const { status } = spawnSync(file, rest);
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    if (round >= 0) taken.get(name)?.push(performance.now() - startMs);
  }
}
server.kill('SIGTERM');
await once(server, 'exit');
rmSync(data, { recursive: true });

console.log('| command | p50 ms | p95 ms |\n| --- | --- | --- |');
for (const [name, times] of taken) {
  const sorted = times.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1);
  console.log(`| ${name} | ${at(0.5)} | ${at(0.95)} |`);
}

/**
 * GET of a secret with no reader, one and two: processor time a request of all processes of the server, and their memory.
 * The servers run side by side and take turns, so that a machine whose speed changes favours none of them. wrk connects
 * once for each slot, so that the kernel spreads its connections again. Then one reader has all connections, which shows
 * what the worker does for a request that a reader answers: it writes the record.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { putVault } from '../test/data-plane/vaults.ts';
import { processesOf } from '../test/readers/pinned.ts';
import { dataFolder, startPostern, until } from '../test/world/process.ts';
import type { RunningPostern } from '../test/world/process.ts';
import { addressRules } from './rules.ts';
import { cpuNanoseconds, median, readWrk } from './wrk.ts';

const counts = [0, 1, 2];
const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);

interface Slot {
  readonly worker: number;
  readonly readers: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

const servers = await Promise.all(counts.map(start));
const slots = servers.map((): Slot[] => []);
// The first round warms up.
for (let round = 0; round <= rounds; round += 1) {
  for (const [index, server] of servers.entries()) {
    const slot = await run(server.postern);
    if (round > 0) slots[index]?.push(slot);
  }
}
console.log('| readers | CPU us a request | of it the worker | requests/s | p99 ms | PSS, MiB: worker, each reader |');
console.log('|---|---|---|---|---|---|');
for (const [index, { postern }] of servers.entries()) {
  const of = (pick: (slot: Slot) => number, digits: number) => median((slots[index] ?? []).map(pick)).toFixed(digits);
  const { worker, readers } = processesOf(postern);
  const memory = [worker, ...readers].map((pid) => pssMiB(pid).toFixed(0)).join(', ');
  const cpu = of((slot) => slot.worker + slot.readers, 1);
  const row = [counts[index], cpu, of((slot) => slot.worker, 1), of((slot) => slot.perSecond, 0)];
  console.log(`| ${[...row, of((slot) => slot.p99Ms, 1), memory].join(' | ')} |`);
}
console.log('\n| connections, all to one reader | the worker, us/request | the reader, us/request |');
console.log('|---|---|---|');
for (const connections of [32, 128]) {
  const postern = servers[1]?.postern;
  if (postern === undefined) break;
  const taken: Slot[] = [];
  for (let round = 0; round < rounds; round += 1) taken.push(await run(postern, { connections, toReaders: true }));
  const of = (pick: (slot: Slot) => number, digits: number) => median(taken.map(pick)).toFixed(digits);
  console.log(`| ${[connections, of((slot) => slot.worker, 1), of((slot) => slot.readers, 1)].join(' | ')} |`);
}
for (const { postern, folder } of servers) {
  await postern[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
}

async function start(readers: number) {
  const folder = dataFolder();
  const postern = await startPostern(['--data', folder.path, '--readers', String(readers)]);
  const { client } = postern;
  await putVault(client, 'bench', { networkAcls: addressRules });
  await client.vault('bench', 'PUT', '/secrets/name', {
    body: { value: 'a value of some forty characters, as usual' },
  });
  await until(() => processesOf(postern).readers.length === readers, 'the readers');
  return { postern, folder };
}

async function run(postern: RunningPostern, { connections = 32, toReaders = false } = {}): Promise<Slot> {
  const { worker, readers } = processesOf(postern);
  const used = () => [worker, ...readers].map(cpuNanoseconds);
  const { host, port } = new URL(postern.client.vaultOrigin('bench'));
  const token = await postern.client.token('vault');
  const headers = ['-H', `Host: ${host}`, '-H', `Authorization: Bearer ${token}`];
  const url = `https://127.0.0.1:${port}/secrets/name?api-version=7.4`;
  // A process that is stopped accepts nothing.
  if (toReaders) process.kill(worker, 'SIGSTOP');
  const before = used();
  const load = promisify(execFile)('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...headers, url]);
  if (toReaders) {
    await after(500);
    process.kill(worker, 'SIGCONT');
  }
  const { requests, p99Ms } = readWrk((await load).stdout);
  const [ofWorker = 0, ...ofReaders] = used().map((time, index) => (time - (before[index] ?? 0)) / 1000 / requests);
  return {
    worker: ofWorker,
    readers: ofReaders.reduce((sum, one) => sum + one, 0),
    perSecond: requests / seconds,
    p99Ms,
  };
}

function pssMiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]) / 1024;
}

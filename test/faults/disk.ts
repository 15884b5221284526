import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dataFolder, startCommand, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { check } from './check.ts';
import { failingDisk } from './failing-disk.ts';
import { notRunHere } from './figures.ts';
import type { Figures } from './figures.ts';
import { serves } from './kill.ts';
import { load, nothingAcknowledged } from './load.ts';

const postern = join(import.meta.dirname, '../../bin/postern');

interface Disturbance {
  readonly name: string;
  readonly begin: () => void;
  readonly end: () => void;
  /** Whether the worker is killed meanwhile. */
  readonly kills?: boolean;
}

/**
 * A disk fault that comes and goes under load; afterwards all that was acknowledged must be there, and new work is
 * done.
 */
async function disturb(
  running: RunningPostern,
  { name, begin, end, kills = false }: Disturbance,
  auditFolder: string,
): Promise<{ readonly acknowledged: number; readonly refused: number; readonly faults: readonly string[] }> {
  const known = nothingAcknowledged();
  const work = async (round: string, ms: number) => {
    const over = new AbortController();
    const working = load(running.client, { round, acknowledged: known, signal: over.signal });
    await sleep(ms);
    over.abort();
    await working;
  };
  await work(`${name}-1`, 500);
  begin();
  await work(`${name}-2`, 500);
  if (kills) process.kill(running.workerPid(), 'SIGKILL');
  // With a kill, long enough for more starts than a supervisor tries before one was ever ready.
  await work(`${name}-3`, kills ? 4_000 : 300);
  end();
  const refused = known.refused;
  // It is not started again.
  await until(async () => running.child.exitCode !== null || (await serves(running)), 'an answer, or an end');
  if (running.child.exitCode !== null)
    throw new Error(`${name}: the server has ended: ${running.stderr().slice(-500)}`);
  await work(`${name}-4`, 500);
  const faults = [...(await check(running.client, known, [auditFolder]))];
  if (known.refused > refused) faults.push('work was refused when the fault was over');
  return {
    acknowledged: known.requestIds.length,
    refused: known.refused,
    faults: faults.map((fault) => `${name}: ${fault}`),
  };
}

/** Run by `inNamespace`: the folder is on a small disk of its own. */
export async function fullDisk(folder: string, rounds: number, progress: (text: string) => void): Promise<Figures> {
  const data = join(folder, 'data');
  await using running = await startPostern(['--data', data]);
  const ballast = join(folder, 'ballast');
  let [acknowledged, refused] = [0, 0];
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const outcome = await disturb(
      running,
      {
        name: `full-${round}`,
        // Until the disk is full.
        begin: () => spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stdio: 'ignore' }),
        end: () => rmSync(ballast),
        kills: round % 2 === 1,
      },
      join(data, 'audit'),
    );
    acknowledged += outcome.acknowledged;
    refused += outcome.refused;
    faults.push(...outcome.faults);
    if (outcome.refused === 0) faults.push(`full-${round}: nothing was refused while the disk was full`);
    progress(
      `disk full ${round + 1} of ${rounds}: ${outcome.acknowledged} acknowledged, ${outcome.refused} refused, ${outcome.faults.length} faults`,
    );
  }
  return { counts: { rounds, acknowledged, refused }, faults };
}

const program = join(import.meta.dirname, 'full-disk.ts');

/** The same in a mount namespace; only root can make one with another user's worker in it. */
export function fullDiskInNamespace(rounds: number): Figures {
  if (process.getuid?.() !== 0) return notRunHere('a full disk needs a mount namespace, and so root');
  const folder = mkdtempSync(join(tmpdir(), 'postern-full-'));
  chmodSync(folder, 0o755);
  const script = 'mount -t tmpfs -o size=24m,mode=755 none "$1" && exec "$2" "$3" "$1" "$4"';
  const args = ['-m', 'sh', '-c', script, 'sh', folder, process.execPath, program, String(rounds)];
  const { status, stdout, stderr } = spawnSync('unshare', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  rmSync(folder, { recursive: true });
  if (status === 0) return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Figures;
  if (/unshare|mount:/.test(stderr)) return notRunHere(`a full disk needs a mount namespace: ${stderr.trim()}`);
  return { counts: { rounds }, faults: [`the run on a full disk ended with ${status ?? 'a signal'}: ${stderr}`] };
}

const errors: readonly { readonly name: string; readonly lines: readonly string[]; readonly refuses: boolean }[] = [
  { name: 'sync-of-database', lines: ['sync postern.db'], refuses: true },
  { name: 'write-of-database', lines: ['write postern.db'], refuses: true },
  { name: 'write-of-log', lines: ['write audit.jsonl'], refuses: true },
  { name: 'read-of-database', lines: ['read postern.db'], refuses: false },
  { name: 'all', lines: ['sync postern.db', 'write postern.db', 'write audit.jsonl'], refuses: true },
];

/** The disk returns `EIO` for a while, again and again. */
export async function inputOutputErrors(rounds: number, progress: (text: string) => void): Promise<Figures> {
  using data = dataFolder();
  const made = failingDisk();
  if (typeof made === 'string') return notRunHere(made);
  using disk = made;
  const command = [...disk.command, postern, 'start', '--data', data.path];
  await using running = await startCommand(command);
  let [acknowledged, refused] = [0, 0];
  const faults: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { name, lines, refuses } = errors[round % errors.length] ?? { name: '', lines: [], refuses: false };
    const disturbance = {
      name: `${name}-${round}`,
      begin: () => disk.fail(lines),
      end: () => disk.heal(),
      kills: round >= errors.length,
    };
    const outcome = await disturb(running, disturbance, join(data.path, 'audit'));
    acknowledged += outcome.acknowledged;
    refused += outcome.refused;
    faults.push(...outcome.faults);
    if (refuses && outcome.refused === 0) faults.push(`${name}: nothing was refused while there were errors`);
    progress(
      `EIO ${name}: ${outcome.acknowledged} acknowledged, ${outcome.refused} refused, ${outcome.faults.length} faults`,
    );
  }
  return { counts: { rounds, acknowledged, refused }, faults };
}

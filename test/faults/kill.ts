import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { dataFolder, startPostern, until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import { processesOf } from '../readers/pinned.ts';
import { check } from './check.ts';
import type { Figures } from './figures.ts';
import { load, nothingAcknowledged } from './load.ts';

type Victim = 'worker' | 'supervisor' | 'both' | 'reader' | 'worker and reader';

/** The processes that are killed: one of these each round, in turn. */
const victims: readonly Victim[] = ['worker', 'supervisor', 'both'];
const victimsWithReaders: readonly Victim[] = ['reader', 'worker', 'worker and reader', 'supervisor'];

/** Rounds of `kill -9` under load; after each, everything that was ever acknowledged must be there. */
export function killRounds(rounds: number, progress: (text: string) => void): Promise<Figures> {
  return killEach(rounds, { progress, options: [], of: victims });
}

/** The same with two readers. */
export function killReaderRounds(rounds: number, progress: (text: string) => void): Promise<Figures> {
  return killEach(rounds, { progress, options: ['--readers', '2'], of: victimsWithReaders });
}

interface Killing {
  readonly progress: (text: string) => void;
  readonly options: readonly string[];
  readonly of: readonly Victim[];
}

async function killEach(rounds: number, { progress, options, of }: Killing): Promise<Figures> {
  using data = dataFolder();
  const faults: string[] = [];
  const start = () => startPostern(['--data', data.path, ...options]);
  let [acknowledged, postern] = [0, await start()];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const victim = of[round % of.length] ?? 'both';
      const known = nothingAcknowledged();
      const over = new AbortController();
      const working = load(postern.client, { round: `r${round}`, acknowledged: known, signal: over.signal });
      // At another moment of the work each time.
      await until(() => known.requestIds.length >= 20 + ((round * 37) % 200), 'work that is acknowledged');
      await sleep((round * 7) % 40);
      postern = await kill(postern, victim, start);
      over.abort();
      await working;
      const found = await check(postern.client, known, [join(data.path, 'audit')]);
      faults.push(...found.map((fault) => `round ${round}, ${victim} killed: ${fault}`));
      acknowledged += known.requestIds.length;
      progress(
        `round ${round + 1} of ${rounds}, ${victim} killed: ${known.requestIds.length} acknowledged, ${found.length} faults`,
      );
    }
  } finally {
    await postern[Symbol.asyncDispose]();
  }
  return { counts: { rounds, acknowledged }, faults };
}

/** Kills, and returns what serves afterwards. */
async function kill(
  postern: RunningPostern,
  victim: Victim,
  start: () => Promise<RunningPostern>,
): Promise<RunningPostern> {
  const worker = postern.workerPid();
  if (victim === 'reader' || victim === 'worker and reader') {
    const [reader] = processesOf(postern).readers;
    if (reader !== undefined) process.kill(reader, 'SIGKILL');
  }
  if (victim !== 'supervisor' && victim !== 'reader') process.kill(worker, 'SIGKILL');
  if (victim !== 'supervisor' && victim !== 'both') {
    await until(() => serves(postern), 'an answer of the next worker');
    return postern;
  }
  await postern.end('SIGKILL');
  // A worker without its supervisor ends by itself; until then the folder is locked.
  await until(() => !isAlive(worker), 'the end of the worker');
  const next = await start();
  await until(() => serves(next), 'an answer after the start');
  return next;
}

/** Whether it answers soon: while no worker can start, a request waits in the socket. */
export async function serves({ client }: Pick<RunningPostern, 'client'>): Promise<boolean> {
  const asked = client.vault('demo', 'GET', '/secrets/greeting', { from: '127.0.0.7' }).catch(() => undefined);
  const answer = await Promise.race([asked, sleep(3_000, undefined, { ref: false })]);
  return answer?.status === 200;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

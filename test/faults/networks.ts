import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { FabricLab, postern } from '../fabric/fabric-lab.ts';
import type { Status } from '../fabric/fabric-lab.ts';
import { leftOf } from '../fabric/left.ts';
import { peer, putNetwork, subnetAt } from '../fabric/site.ts';
import { whyNotInLab } from '../network/in-lab.ts';
import { notRunHere, type Figures } from './figures.ts';

/** A number of 0 to 1 for each call, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Serves at a port, and connects to the vaults and to every other workload without end. */
const talking = `
  const net = require('node:net');
  net.createServer((socket) => socket.on('error', () => {}).end('hello')).listen(8080);
  const targets = ['192.0.2.1 443', '168.63.129.16 53', ...process.argv[2].split(',').map((each) => each + ' 8080')];
  setInterval(() => {
    for (const target of targets) {
      const [host, port] = target.split(' ');
      net.connect({ host, port, timeout: 2000 }, function () { this.end(); }).on('timeout', function () { this.destroy(); })
        .on('error', () => {});
    }
  }, 50);`;

const places = {
  'blue/web': ['10.1.1.4', '10.1.1.5'],
  'blue/db': ['10.1.2.4'],
  'red/web': ['10.2.1.4'],
  'green/web': ['10.1.1.4'],
} as const;
const everyAddress = [...new Set(Object.values(places).flat())].join(',');

/** A round: what there is to kill, and the dice. */
interface Round {
  readonly lab: FabricLab;
  readonly workloads: readonly ChildProcess[];
  readonly random: () => number;
}

/** Processes to kill, one of these in each round in turn. */
const victims: Readonly<Record<string, (round: Round) => Promise<void> | void>> = {
  reconciler: killReconciler,
  worker: ({ lab }) => void process.kill(lab.server.workerPid(), 'SIGKILL'),
  launcher: killLauncher,
  supervisor: killSupervisor,
  'reconciler and launcher': async (round) => {
    killLauncher(round);
    await killReconciler(round);
  },
  'reconciler and supervisor': async (round) => {
    await killReconciler(round);
    await killSupervisor(round);
  },
};

async function killReconciler({ lab }: Round): Promise<void> {
  const { running, pid } = await lab.status();
  if (running) process.kill(pid, 'SIGKILL');
}

function killLauncher({ workloads, random }: Round): void {
  workloads[Math.floor(random() * workloads.length)]?.kill('SIGKILL');
}

async function killSupervisor({ lab }: Round): Promise<void> {
  await lab.server.end('SIGKILL');
  await lab.startServer();
}

interface RoundsOptions {
  /** Chooses the moments, and what follows a kill. */
  readonly seed: number;
  readonly progress: (text: string) => void;
}

/**
 * Networks come up with workloads that talk, a process is killed with `kill -9` at any moment, and the networks are
 * removed: after each round nothing of them may be left, and no workload may have ended before its networks did.
 */
export async function networkRounds(rounds: number, { seed, progress }: RoundsOptions): Promise<Figures> {
  const why = process.geteuid?.() === 0 ? whyNotInLab() : undefined;
  if (why !== undefined) return notRunHere(why);
  const random = randomFrom(seed);
  const faults: string[] = [];
  let placesMade = 0;
  await using lab = await FabricLab.start();
  await putNetworks(lab);
  progress(`seed ${seed}`);
  for (let round = 0; round < rounds; round += 1) {
    const [name = '', kill = killReconciler] = Object.entries(victims)[round % Object.keys(victims).length] ?? [];
    const { found, made, told } = await oneRound(lab, { kill, random });
    placesMade += made;
    faults.push(...found.map((fault) => `round ${round + 1}, ${name} killed, ${told}: ${fault}`));
    progress(`round ${round + 1} of ${rounds}, ${name} killed, ${told}: ${made} workloads, ${found.length} faults`);
  }
  return { counts: { rounds, workloads: placesMade }, faults };
}

async function putNetworks(lab: FabricLab): Promise<void> {
  const web = (prefix: string): object => subnetAt(prefix, 'endpoint');
  const db = (prefix: string): object => subnetAt(prefix, 'no endpoint');
  const blue = { web: web('10.1.1.0/24'), db: db('10.1.2.0/24') };
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: blue });
  await putNetwork(lab, 'green', { space: '10.1.0.0/16', subnets: { web: web('10.1.1.0/24') } });
  await putNetwork(lab, 'red', { space: '10.2.0.0/16', subnets: { web: web('10.2.1.0/24') } });
  await peer(lab, 'blue', 'red');
}

interface Seen {
  readonly found: readonly string[];
  readonly made: number;
  readonly told: string;
}

async function oneRound(
  lab: FabricLab,
  { kill, random }: { readonly kill: (round: Round) => Promise<void> | void; readonly random: () => number },
): Promise<Seen> {
  const up = lab.net('up', '--detach');
  const isEarly = random() < 0.25;
  if (!isEarly) await up;
  const workloads = Object.entries(places).flatMap(([subnet, addresses]) =>
    addresses.map((address) => startWorkload(lab, { subnet, address })),
  );
  const waitMs = Math.floor(random() * 1500);
  await sleep(waitMs);
  await kill({ lab, workloads, random });
  await up;
  const made = await joinedIn(lab);
  const isAgain = random() < 0.5;
  const again = isAgain && (await statusNow(lab))?.running !== true ? await lab.net('up', '--detach') : undefined;
  const failed = again !== undefined && again.exitStatus !== 0 ? [`up again failed: ${again.output}`] : [];
  const log = logOf(lab);
  const down = await lab.net('down');
  const refused = down.exitStatus === 0 ? [] : [`down failed: ${down.output}`];
  const unended = await endOf(workloads);
  for (const workload of workloads) workload.kill('SIGKILL');
  const left = await leftOf(lab);
  const told = `${isEarly ? 'during up' : 'after up'} and ${waitMs} ms${isAgain ? ', up again' : ''}`;
  return { found: [...failed, ...refused, ...unended, ...left, ...problemsIn(log)], made, told };
}

/** Its command line has the instance, so that what is left of it is found. */
function startWorkload(
  lab: FabricLab,
  { subnet, address }: { readonly subnet: string; readonly address: string },
): ChildProcess {
  const options = ['exec', '--data', lab.dataDir, '--folder', tmpdir(), '--subnet', subnet, '--address', address];
  const name = `pt-${lab.place.instance}-talks`;
  return spawn(postern, [...options, '--', process.execPath, '--eval', talking, name, everyAddress], {
    stdio: 'ignore',
  });
}

/** `undefined` where the reconciler died while it answered: the command ends with an error then, as it should. */
async function statusNow(lab: FabricLab): Promise<Status | undefined> {
  return lab.status().catch(() => undefined);
}

async function joinedIn(lab: FabricLab): Promise<number> {
  const status = await statusNow(lab);
  if (status?.running !== true) return 0;
  return status.networks.flatMap(({ subnets }) => subnets.flatMap(({ workloads }) => workloads)).length;
}

/** `net down` ends the workloads, and so the commands that wait for them. */
async function endOf(workloads: readonly ChildProcess[]): Promise<readonly string[]> {
  const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;
  for (let waitedMs = 0; waitedMs < 10_000 && !workloads.every(isOver); waitedMs += 50) await sleep(50);
  return workloads.filter((each) => !isOver(each)).map(({ pid }) => `"postern exec" ${pid} goes on after down`);
}

function logOf(lab: FabricLab): string {
  const file = `${lab.place.folder}/log`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** Failures of the reconciler, and its end. That the server is away is not one of them. */
function problemsIn(log: string): readonly string[] {
  return log
    .split('\n')
    .filter((line) => / (?:problem|it ended): /.test(line))
    .filter((line) => !/cannot be reached|The server (?:ended|is not running)/.test(line))
    .map((line) => `the log says: ${line}`);
}

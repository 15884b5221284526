import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { until } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

/** The processes of a server. */
export interface Processes {
  readonly worker: number;
  readonly readers: readonly number[];
}

/** In a checkout, and in the package. */
const programs = { worker: /\/(?:main\.ts|worker\.js)\0/, reader: /\/reader\.[tj]s\0/ };

export function processesOf({ child }: RunningPostern): Processes {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === child.pid);
  const of = (program: RegExp) => all.filter((pid) => program.test(read(`/proc/${pid}/cmdline`))).map(Number);
  const [worker = 0] = of(programs.worker);
  return { worker, readers: of(programs.reader) };
}

/** One client on one connection, which it keeps, accepted by a process that was asked for. */
export interface Pinned extends Disposable {
  readonly agent: Agent;
  readonly pid: number;
}

/** Resolves when each of that many readers answers, as its connections show. */
export async function pinnedToEach(world: RunningPostern, count: number): Promise<readonly Pinned[]> {
  const found = new Map<number, Pinned>();
  await until(async () => {
    const { readers } = processesOf(world);
    const one = await connection(world);
    if (!readers.includes(one.pid) || found.has(one.pid)) one[Symbol.dispose]();
    else found.set(one.pid, one);
    return found.size === count;
  }, `a connection to each of ${count} readers`);
  return [...found.values()];
}

/** A connection that the worker accepted, or one of its readers. */
export async function pinnedTo(
  world: RunningPostern,
  which: keyof typeof programs,
  from = '127.0.0.7',
): Promise<Pinned> {
  let found: Pinned | undefined;
  await until(async () => {
    const { worker, readers } = processesOf(world);
    const one = await connection(world, from);
    const isIt = which === 'worker' ? one.pid === worker : readers.includes(one.pid);
    if (isIt) found = one;
    else one[Symbol.dispose]();
    return isIt;
  }, `a connection to the ${which}`);
  if (found === undefined) throw new Error(`no connection to the ${which}`);
  return found;
}

/** A connection, and the process that accepted it. */
async function connection(world: RunningPostern, from = '127.0.0.7'): Promise<Pinned> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let socket: Socket | undefined;
  agent.on('free', (free: Socket) => (socket = free));
  const url = `${world.client.vaultOrigin('demo')}/healthstatus`;
  await world.client.send(url, { agent, from }).catch(() => undefined);
  await new Promise(setImmediate);
  const port = socket?.localPort ?? 0;
  const { worker, readers } = processesOf(world);
  const pid = [worker, ...readers].find((one) => hasConnection(one, port)) ?? 0;
  return { agent, pid, [Symbol.dispose]: () => agent.destroy() };
}

/** Whether a process has the server's end of the connection from that port (proc_pid_net(5)). */
function hasConnection(pid: number, clientPort: number): boolean {
  const wanted = `:${clientPort.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = read('/proc/net/tcp').split('\n');
  const inodes = lines.flatMap((line) => {
    const [, , remote = '', , , , , , , inode] = line.trim().split(/\s+/);
    return remote.endsWith(wanted) && inode !== undefined ? [`socket:[${inode}]`] : [];
  });
  const sockets = new Set(inodes);
  return namesIn(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)));
}

function parentOf(pid: string): number | undefined {
  const fields = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ');
  return fields === undefined ? undefined : Number(fields[1]);
}

/** A process may have ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

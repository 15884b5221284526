import { setTimeout as sleep } from 'node:timers/promises';
import { chmodSync, globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder, until } from '../world/process.ts';
import type { Node, Nodes } from './nodes.ts';

/** The database, as a disturbance uses it. */
export interface Disturbed {
  readonly nodes: Nodes;
  readonly database: {
    /** `kill -9` of all of its processes. */
    readonly kill: () => Promise<void>;
    readonly start: () => Promise<void>;
  };
}

/** Something that happens to three nodes at work; it ends with all of them running. */
export type Disturbance = (disturbed: Disturbed) => Promise<void>;

/** Longer than a node answers without a sign of its database, and than HAProxy needs to see that. */
const longMs = 4_000;

function node({ nodes }: Disturbed, index: number): Node {
  const found = nodes.nodes[index];
  if (found === undefined) throw new RangeError(`there is no node ${index}`);
  return found;
}

/** Debian's libfaketime, which `LD_PRELOAD` finds for the machine that it is. */
const movedClocks = '/usr/$LIB/faketime/libfaketime.so.1';

/** Why the clock of a process cannot be moved here. */
export function whyNoMovedClock(): string | undefined {
  const folder = globSync('/usr/lib/*/faketime')[0];
  return folder === undefined ? 'there is no libfaketime: install faketime' : undefined;
}

/** The command before one of a process whose clock is moved by the seconds in a file; `CLOCK_MONOTONIC` goes on as it is. */
function withMovedClock(file: string): readonly string[] {
  const cacheSeconds = 'FAKETIME_CACHE_DURATION=1';
  return [
    'env',
    `LD_PRELOAD=${movedClocks}`,
    `FAKETIME_TIMESTAMP_FILE=${file}`,
    cacheSeconds,
    'FAKETIME_DONT_FAKE_MONOTONIC=1',
  ];
}

/** How many seconds a node's clock is ahead of this process', by the `Date` of an answer. */
async function secondsAhead({ client }: Node): Promise<number> {
  const { home, send } = client();
  const { headers } = await send(`${home}/`);
  return (Date.parse(String(headers.date)) - Date.now()) / 1_000;
}

export const clockTitle = 'a node whose clock is moved';

export const disturbances: Readonly<Record<string, Disturbance>> = {
  nothing: () => sleep(longMs),

  async 'a node that is paused and goes on'(disturbed) {
    const paused = node(disturbed, 1);
    paused.signal('SIGSTOP');
    await sleep(longMs);
    paused.signal('SIGCONT');
    await sleep(1_000);
  },

  async 'a node that is paused for so short that its balancer does not see it'(disturbed) {
    for (const index of [0, 1, 2, 0, 1, 2]) {
      node(disturbed, index).signal('SIGSTOP');
      await sleep(400);
      node(disturbed, index).signal('SIGCONT');
      await sleep(200);
    }
  },

  async 'a worker that is killed'(disturbed) {
    for (const index of [0, 1]) {
      process.kill(node(disturbed, index).running().workerPid(), 'SIGKILL');
      await sleep(1_500);
    }
  },

  async 'a node that is killed and started again'(disturbed) {
    const killed = node(disturbed, 2);
    await kill(killed);
    await sleep(1_000);
    await killed.start();
  },

  async 'a node that is cut off from the database'(disturbed) {
    const { link } = node(disturbed, 0);
    link.cut();
    await sleep(longMs);
    link.restore();
    await sleep(500);
  },

  async 'a node whose packets to the database are lost, and arrive late'(disturbed) {
    const { link } = node(disturbed, 1);
    link.hang();
    await sleep(longMs);
    link.restore();
    await sleep(1_000);
  },

  async 'ways to the database that are cut again and again'(disturbed) {
    for (const index of [0, 1, 2, 1, 0, 2, 1, 0]) {
      node(disturbed, index).link.cut();
      await sleep(30);
      node(disturbed, index).link.restore();
      await sleep(400);
    }
  },

  async [clockTitle](disturbed) {
    const moved = node(disturbed, 1);
    // The worker has another user, and may not pass the folders of this one.
    using folder = dataFolder();
    chmodSync(folder.path, 0o755);
    const file = join(folder.path, 'clock');
    const move = (seconds: number) => writeFileSync(file, `${seconds >= 0 ? '+' : ''}${seconds}\n`);
    move(0);
    await moved.running().end('SIGTERM');
    await moved.start([], withMovedClock(file));
    for (const seconds of [120, -120, 0]) {
      move(seconds);
      await until(async () => Math.abs((await secondsAhead(moved)) - seconds) < 60, `the clock moved by ${seconds} s`);
      await sleep(1_500);
    }
    await moved.running().end('SIGTERM');
    await moved.start();
  },

  async 'a database that is killed and started again'({ database }) {
    await database.kill();
    await sleep(1_000);
    await database.start();
    await sleep(1_000);
  },

  async 'kill -9 of everything'(disturbed) {
    const { nodes, database } = disturbed;
    await Promise.all([...nodes.nodes.map(kill), database.kill()]);
    await database.start();
    await Promise.all(nodes.nodes.map((each) => each.start()));
  },
};

async function kill({ running }: Node): Promise<void> {
  const { end, workerPid } = running();
  process.kill(workerPid(), 'SIGKILL');
  await end('SIGKILL');
}

/** Waits until every node says that it is ready. */
export async function allReady({ nodes }: Nodes): Promise<void> {
  for (const { name, healthPort } of nodes) await until(() => isReady(healthPort), `the readiness of ${name}`);
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

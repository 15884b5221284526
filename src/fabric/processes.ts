import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that no later one with the same pid is taken for. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, in clock ticks since the machine did (proc_pid_stat(5), field 22). */
  readonly startTicks: number;
}

/** `undefined` when there is no such process. */
export function markOf(pid: number): ProcessMark | undefined {
  try {
    // The name of the program, in parentheses, may contain both spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [state] = fields;
    return state === 'Z' || state === 'X' ? undefined : { pid, startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

/** The words of a process's command line; none when it ended. */
export function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export function isAlive({ pid, startTicks }: ProcessMark): boolean {
  return markOf(pid)?.startTicks === startTicks;
}

/** The processes in network namespaces, given by their inodes. */
export function processesIn(inodes: ReadonlySet<number>): readonly ProcessMark[] {
  if (inodes.size === 0) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && inodes.has(networkOf(name)))
    .flatMap((name) => markOf(Number(name)) ?? []);
}

/** -1 for a process that ended or that another user has. */
function networkOf(pid: string): number {
  try {
    return Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[0]);
  } catch {
    return -1;
  }
}

/** Ends processes: politely, and after a second by force. */
export async function end(processes: readonly ProcessMark[]): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', 1_000],
    ['SIGKILL', 5_000],
  ] as const) {
    for (const each of processes) if (isAlive(each)) send(each, signal);
    for (let waitedMs = 0; waitedMs < patienceMs && processes.some(isAlive); waitedMs += 20) await sleep(20);
  }
}

function send({ pid }: ProcessMark, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

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
  // The name of the program, in parentheses, may contain both spaces and parentheses.
  const fields = read(pid, 'stat')?.split(') ').at(-1)?.split(' ');
  const state = fields?.[0];
  return fields === undefined || state === 'Z' || state === 'X' ? undefined : { pid, startTicks: Number(fields[19]) };
}

/** The words of a process's command line; none when it ended. */
export function commandOf(pid: number): readonly string[] {
  return wordsIn(read(pid, 'cmdline'));
}

/** The variables of a process, as `NAME=VALUE`; none when it ended, or is another user's. */
export function variablesOf(pid: number): readonly string[] {
  return wordsIn(read(pid, 'environ'));
}

/** The real uid of a process, as this one sees it. */
export function uidOf(pid: number): number | undefined {
  const uid = /^Uid:\s*(\d+)/m.exec(read(pid, 'status') ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Tells the user namespace of a process from all others; `undefined` when it ended, or is another user's. */
export function userNamespaceOf(pid: number): string | undefined {
  return fromProcess(() => readlinkSync(`/proc/${pid}/ns/user`));
}

/** The processes that this one sees. */
export function processes(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function read(pid: number, file: string): string | undefined {
  return fromProcess(() => readFileSync(`/proc/${pid}/${file}`, 'utf8'));
}

const endedCodes = new Set<unknown>(['ENOENT', 'ESRCH', 'EACCES', 'EPERM']);

/** Whether something of a process cannot be read because it ended, or because it belongs to another user. */
export function isOfEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && endedCodes.has(error.code);
}

/** @throws {Error} when it is not known: with too many open files, every process would seem to have ended */
function fromProcess(reading: () => string): string | undefined {
  try {
    return reading();
  } catch (error) {
    if (isOfEnded(error)) return undefined;
    throw error;
  }
}

function wordsIn(text = ''): readonly string[] {
  return text.split('\0').slice(0, -1);
}

export function isAlive({ pid, startTicks }: ProcessMark): boolean {
  return markOf(pid)?.startTicks === startTicks;
}

/** The processes in network namespaces, given by their inodes. */
export function processesIn(inodes: ReadonlySet<number>): readonly ProcessMark[] {
  if (inodes.size === 0) return [];
  return processes()
    .filter((pid) => inodes.has(networkOf(pid)))
    .flatMap((pid) => markOf(pid) ?? []);
}

/** -1 for a process that ended or that another user has. */
function networkOf(pid: number): number {
  const link = fromProcess(() => readlinkSync(`/proc/${pid}/ns/net`));
  return link === undefined ? -1 : Number(/\d+/.exec(link)?.[0]);
}

/** Ends processes: politely, and after a second by force. */
export async function end(marks: readonly ProcessMark[]): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', 1_000],
    ['SIGKILL', 5_000],
  ] as const) {
    for (const each of marks) if (isAlive(each)) send(each, signal);
    for (let waitedMs = 0; waitedMs < patienceMs && marks.some(isAlive); waitedMs += 20) await sleep(20);
  }
}

function send({ pid }: ProcessMark, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

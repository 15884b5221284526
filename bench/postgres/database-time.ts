import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuNanoseconds } from '../wrk.ts';

/** Processor time of a database's server with this data folder, and of its processes that live. */
export function databaseNanoseconds(folder: string): number {
  const server = readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0] ?? '';
  const own = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && (pid === server || parentOf(pid) === server));
  return own.reduce((sum, pid) => sum + cpuNanoseconds(Number(pid)), 0);
}

function parentOf(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1];
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

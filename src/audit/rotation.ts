import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';

export interface Retention {
  /** How many files that were put aside are kept, however old they are; at least 1. */
  readonly files: number;
  /** A file is kept until its last record has this age, however many there are. */
  readonly keepMs: number;
  /** The inode of the oldest file that a sink still needs; it and all younger ones are kept. */
  readonly needed?: () => number | 'all' | undefined;
}

/** The current file, `audit.jsonl`, is number 0; `audit.1.jsonl` is the one before it, and so on. */
export function logFile(directory: string, number: number): string {
  return join(directory, number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`);
}

/** The numbers of the files that were put aside, ascending. */
export function asideNumbers(directory: string): readonly number[] {
  return readdirSync(directory)
    .flatMap((name) => /^audit\.([1-9]\d{0,8})\.jsonl$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

function freshFile(directory: string): string {
  return join(directory, 'audit.new.jsonl');
}

/** Opens a log file for appending, and creates it if need be; only the owner may read it. */
export function openLogFile(path: string): number {
  // A symbolic link there would send the records to a place that another user chose.
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${path} is not a regular file: move it away`);
    fchmodSync(fd, 0o600);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Opens an empty file that will become the current one; `putInPlace` makes it so. */
export function openFresh(directory: string): number {
  discardFresh(directory);
  return openLogFile(freshFile(directory));
}

export function discardFresh(directory: string): void {
  rmSync(freshFile(directory), { force: true });
}

/**
 * Deletes the files that neither rule of `retention` keeps, increases the number of each of the others, and makes the
 * fresh file the current one. If it throws, the writer continues with the file it has: whatever its name is then, the
 * next rotation renames it.
 */
export function putInPlace(directory: string, retention: Retention, now: number): void {
  dropOld(directory, retention, now);
  const aside = new Set(asideNumbers(directory));
  let free = 1;
  while (aside.has(free)) free += 1;
  for (let n = free; n >= 1; n -= 1) renameIfThere(logFile(directory, n - 1), logFile(directory, n));
  renameSync(freshFile(directory), logFile(directory, 0));
}

/** The bytes that the folder's disk has free. */
export function roomIn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** The current file becomes number 1, so `files - 1` of those put aside are kept. */
function dropOld(directory: string, { files, keepMs, needed }: Retention, now: number): void {
  const numbers = asideNumbers(directory);
  const oldestNeeded = numberOf(directory, numbers, needed?.());
  for (const number of numbers.slice(files - 1)) {
    const path = logFile(directory, number);
    const last = statSync(path, { throwIfNoEntry: false });
    const isOld = last !== undefined && now - Math.trunc(last.mtimeMs) >= keepMs;
    if (isOld && number > oldestNeeded) rmSync(path, { force: true });
  }
}

/** The number of the oldest file that is needed; 0 if none of these is. */
function numberOf(directory: string, numbers: readonly number[], needed: number | 'all' | undefined): number {
  if (needed === 'all') return Number.POSITIVE_INFINITY;
  if (needed === undefined) return 0;
  return numbers.find((one) => statSync(logFile(directory, one), { throwIfNoEntry: false })?.ino === needed) ?? 0;
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

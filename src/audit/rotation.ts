import { closeSync, constants, fchmodSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The current file, `audit.jsonl`, is number 0; `audit.1.jsonl` is the one before it, and so on. */
export function logFile(directory: string, number: number): string {
  return join(directory, number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`);
}

/** Opens a log file for appending, and makes it if need be; nobody but the owner may read it. */
export function openLogFile(path: string): number {
  // A symbolic link there would send the records to a place of somebody else's choice.
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = openSync(path, flags, 0o600);
  fchmodSync(fd, 0o600);
  return fd;
}

/**
 * Moves each file on by one, drops the oldest, and returns an empty current file, opened. When it throws, the writer
 * goes on with the file it has: whatever that is called by then, the next rotation moves it on.
 */
export function rotate(directory: string, files: number): number {
  const fresh = join(directory, 'audit.new.jsonl');
  // Opened before anything is moved: a full disk or table of files fails here.
  const fd = openLogFile(fresh);
  try {
    for (let n = files; n >= 1; n -= 1) renameIfThere(logFile(directory, n - 1), logFile(directory, n));
    renameSync(fresh, logFile(directory, 0));
    return fd;
  } catch (error) {
    closeSync(fd);
    rmSync(fresh, { force: true });
    throw error;
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

import { chmodSync, closeSync, lstatSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { nameOf, rootControlFolder, rootFolder } from '../lines/control-place.ts';
import type { User } from './worker-user.ts';

export interface FolderLock {
  release(): void;
}

/**
 * Locks a data folder (its real path) for this process; `undefined` if another process has the lock. It is SQLite's lock
 * on a separate file; the kernel releases it when the process ends, also after `kill -9`, so it is never stale. Started by
 * root, the file is under `/run`, because the worker owns the data folder. The worker's own lock is the one of its
 * database, which also works between containers of one host that share the folder: after a supervisor was killed, the next
 * one must not have a second worker while the first is still ending.
 */
export function lockFolder(dataFolder: string, worker: User | undefined): FolderLock | undefined {
  const path = lockFile(dataFolder, worker);
  for (;;) {
    const file = fileAt(path);
    const database = lockDatabase(path);
    if (database === undefined) return undefined;
    // The last supervisor may have removed the file meanwhile: that lock would keep no other one off.
    if (lstatSync(path, { throwIfNoEntry: false })?.ino === file) {
      const release = () => {
        // In a data folder it stays; below /run one would be left for each data folder that there ever was.
        if (worker !== undefined) rmSync(path, { force: true });
        database.close();
      };
      return { release };
    }
    database.close();
  }
}

/** The inode of the file. It is made if it is missing, and not opened otherwise: closing it would end a lock of ours. */
function fileAt(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new Error(`${path} is not a plain file: remove it`);
  if (found !== undefined) return found.ino;
  closeSync(openSync(path, 'a', 0o600));
  return fileAt(path);
}

/** `undefined`: another process has the lock. */
function lockDatabase(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    throw error;
  }
}

/** The file that a supervisor keeps locked while it runs. */
export function lockFile(dataFolder: string, worker: User | undefined): string {
  if (worker === undefined) return join(dataFolder, 'supervisor.lock');
  return join(ownFolder(rootFolder), `${nameOf(dataFolder)}.lock`);
}

const sqliteBusy = 5;

/** A data folder. */
interface ControlledFolder {
  /** Its real path. */
  readonly path: string;
  /** It outlives the server. */
  readonly isKept: boolean;
}

/**
 * Creates the folder of the control socket, closed to every other user. Started by root it is under `/run`, where the
 * worker, which owns the data folder, can neither enter nor rename it. If the worker keeps the uid of the starting user (an
 * ordinary user, or root of a user namespace, which may not have access to `/run`), the folder is in the data folder, or in
 * a new temporary folder if there is none: with one uid for all processes, files cannot keep a worker out.
 */
export function prepareControlFolder({ path, isKept }: ControlledFolder, worker: User | undefined): string {
  if (worker === undefined) return isKept ? ownFolder(join(path, 'control')) : mkdtempSync(join(tmpdir(), 'postern-'));
  ownFolder(rootFolder);
  return ownFolder(rootControlFolder(path));
}

function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid !== process.geteuid?.())
    throw new Error(`${path} belongs to uid ${uid}, not to this process's user: remove it`);
  if ((mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}

import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { User } from './worker-user.ts';

/** Root's own, where no worker can enter, rename or leave a link. */
const runFolder = '/run/postern';

export interface FolderLock {
  release(): void;
}

/**
 * Takes a data folder (its real path) for this process alone; `undefined` if another one has it. It is SQLite's lock on
 * a file of its own, which the kernel drops with the process, also after `kill -9`, so it is never stale. Started by root
 * the file lies under `/run`, for the folder is the worker's. The worker's own lock is that of its database, which also
 * holds between containers of one host that share the folder: a supervisor that comes after a killed one must not have a
 * second worker while the first is still ending.
 */
export function lockFolder(dataFolder: string, worker: User | undefined): FolderLock | undefined {
  const path = lockFile(dataFolder, worker);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile()) throw new Error(`${path} is not a plain file: remove it`);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    throw error;
  }
}

/** The file on which a supervisor has its lock for as long as it runs. */
export function lockFile(dataFolder: string, worker: User | undefined): string {
  if (worker === undefined) return join(dataFolder, 'supervisor.lock');
  return join(ownFolder(runFolder), `${nameOf(dataFolder)}.lock`);
}

const sqliteBusy = 5;

/**
 * The folder of the control socket, made and closed to everybody else. Started by root it lies under `/run`, where the
 * worker, who owns the data folder, can neither enter nor rename it. Where the worker stays who starts it (a user, or root of
 * a user namespace, to whom `/run` may be closed) it lies in the data folder, or, without one, in a new temporary folder:
 * all processes have one uid then, and files cannot keep a worker out.
 */
export function prepareControlFolder(dataFolder: string | undefined, worker: User | undefined): string {
  if (worker === undefined) {
    return dataFolder === undefined ? mkdtempSync(join(tmpdir(), 'postern-')) : ownFolder(join(dataFolder, 'control'));
  }
  const parent = ownFolder(runFolder);
  return dataFolder === undefined ? mkdtempSync(join(parent, 'memory-')) : ownFolder(join(parent, nameOf(dataFolder)));
}

/** What root's supervisor of this data folder (its real path) calls what it keeps under `/run`. */
function nameOf(dataFolder: string): string {
  return createHash('sha256').update(dataFolder).digest('hex').slice(0, 16);
}

function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid !== process.geteuid?.()) throw new Error(`${path} belongs to uid ${uid}: remove it`);
  if ((mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}

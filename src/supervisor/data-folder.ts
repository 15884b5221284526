import { createHash } from 'node:crypto';
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

export type PreparedFolder =
  { readonly ok: true; readonly path: string } | { readonly ok: false; readonly message: string };

/**
 * Makes the data folder if it is missing, closes it to everybody but its owner, and, started by root, gives it to the
 * worker. A folder with something in it that belongs to somebody else is refused rather than taken over.
 */
export function prepareDataFolder(folder: string, worker: User | undefined): PreparedFolder {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const path = realpathSync(folder);
    const { uid } = statSync(path);
    const owner = worker?.uid ?? process.geteuid?.() ?? uid;
    if (uid !== owner && (worker === undefined || readdirSync(path).length > 0)) {
      const remedy = `Give it to uid ${owner} (chown -R ${owner} ${path}), or name its owner with --user.`;
      return { ok: false, message: `The data folder ${path} belongs to uid ${uid}. ${remedy}` };
    }
    chmodSync(path, 0o700);
    if (worker !== undefined) chownSync(path, worker.uid, worker.gid);
    return { ok: true, path };
  } catch (error) {
    return { ok: false, message: `The data folder cannot be used: ${messageOf(error)}.` };
  }
}

export interface FolderLock {
  release(): void;
}

/**
 * Takes a folder for this process alone; `undefined` if another one has it. It is SQLite's lock on a file of this name,
 * which the kernel drops with the process, also after `kill -9`, so it is never stale; unlike an abstract socket it
 * holds on every platform, and between containers of one host that share the folder. The worker's own lock is that of
 * its database: a supervisor that comes after a killed one must not have a second worker while the first is still ending.
 */
export function lockFolder(folder: string): FolderLock | undefined {
  const path = lockFile(folder);
  // The folder may belong to a worker that is not trusted; root follows none of its links.
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
export function lockFile(folder: string): string {
  return join(folder, 'supervisor.lock');
}

const sqliteBusy = 5;

/**
 * The folder of the control socket, made and closed to everybody else. Started by root it lies under `/run`, where the
 * worker, who owns the data folder, can neither enter nor rename it. Started by a user it lies in the data folder, or,
 * without one, in a new temporary folder: all processes have one uid then, and files cannot keep a worker out.
 */
export function prepareControlFolder(dataFolder: string | undefined): string {
  if (process.geteuid?.() !== 0) {
    return dataFolder === undefined ? mkdtempSync(join(tmpdir(), 'postern-')) : ownFolder(join(dataFolder, 'control'));
  }
  const parent = ownFolder('/run/postern');
  return dataFolder === undefined ? mkdtempSync(join(parent, 'memory-')) : ownFolder(controlFolderOfRoot(dataFolder));
}

/** Where root's supervisor of this data folder (its real path) has its control socket. */
function controlFolderOfRoot(dataFolder: string): string {
  return join('/run/postern', createHash('sha256').update(dataFolder).digest('hex').slice(0, 16));
}

function ownFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(path);
  if (uid !== process.geteuid?.()) throw new Error(`${path} belongs to uid ${uid}: remove it`);
  if ((mode & 0o077) !== 0) chmodSync(path, 0o700);
  return path;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

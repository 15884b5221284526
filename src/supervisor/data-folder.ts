import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actingAs } from './acting-as.ts';
import { isChosenBy } from './way.ts';
import type { User } from './worker-user.ts';

/** A folder that every worker goes into, whatever lies at its path by then. */
export interface DataFolder {
  /** Its real path when it was opened, to be shown. */
  readonly path: string;
  readonly descriptor: number;
}

export type PreparedFolder =
  { readonly ok: true; readonly folder: DataFolder } | { readonly ok: false; readonly message: string };

/**
 * Makes the data folder if it is missing, opens it, closes it to everybody but its owner, and, started by root, gives it
 * to the worker. A folder that belongs to somebody else is refused rather than taken over, unless it is empty.
 *
 * Once the folder is the worker's, root does nothing by path in it, nor to it: whatever name it used there could be a
 * link that a compromised worker left.
 */
export function prepareDataFolder(path: string, worker: User | undefined): PreparedFolder {
  try {
    makeFolder(path, worker);
    const folder = openFolder(path);
    const refusal = worker === undefined ? closeOwn(folder) : giveEmpty(folder, worker, path);
    if (refusal === undefined) return { ok: true, folder };
    closeSync(folder.descriptor);
    return { ok: false, message: refusal };
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      message: `The data folder cannot be used (${cause}). Choose another --data, or make that folder accessible.`,
    };
  }
}

/** What `--memory` keeps on disk, the audit log and the authority's certificate, lies in a folder of its own. */
export function makeTemporaryFolder(worker: User | undefined): DataFolder {
  const folder = openFolder(mkdtempSync(join(tmpdir(), 'postern-')));
  if (worker !== undefined) fchownSync(folder.descriptor, worker.uid, worker.gid);
  return folder;
}

/** The worker has emptied it. Root removes nothing in a folder that is not its own, where a link could lead it astray. */
export function removeTemporaryFolder({ path, descriptor }: DataFolder, worker: User | undefined): void {
  closeSync(descriptor);
  if (worker === undefined) rmSync(path, { recursive: true, force: true });
  else if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
}

/** What leads into the folder, whatever lies at its path, for a process that has it open under the descriptor. */
export function entryOf({ path, descriptor }: DataFolder): string {
  return existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}` : path;
}

function makeFolder(path: string, worker: User | undefined): void {
  const make = () => mkdirSync(path, { recursive: true, mode: 0o700 });
  // Where the worker may change the way, it can have led it anywhere: what it may not make itself, it does not get.
  if (worker !== undefined && isChosenBy(worker, path)) actingAs(worker, make);
  else make();
}

function openFolder(path: string): DataFolder {
  const real = realpathSync(path);
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  return { path: real, descriptor: openSync(real, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) };
}

function closeOwn({ path, descriptor }: DataFolder): string | undefined {
  const { uid } = fstatSync(descriptor);
  const owner = process.geteuid?.() ?? uid;
  if (uid !== owner) return belongsTo(uid, { path, owner });
  fchmodSync(descriptor, 0o700);
  return undefined;
}

function giveEmpty({ path, descriptor }: DataFolder, worker: User, asked: string): string | undefined {
  const { uid } = fstatSync(descriptor);
  // It is the worker's already, who closes it to others itself.
  if (uid === worker.uid) return undefined;
  if (isChosenBy(worker, asked) || readdirSync(path).length > 0) return belongsTo(uid, { path, owner: worker.uid });
  fchmodSync(descriptor, 0o700);
  fchownSync(descriptor, worker.uid, worker.gid);
  return undefined;
}

function belongsTo(uid: number, { path, owner }: { readonly path: string; readonly owner: number }): string {
  const others =
    process.geteuid?.() === 0
      ? `name its owner with --user, or, if it holds Postern's data only, give it to uid ${owner} (chown -R ${owner} ${path})`
      : 'start Postern as its owner';
  return `The data folder ${path} belongs to uid ${uid}, and Postern runs as uid ${owner}. Choose another --data, ${others}.`;
}

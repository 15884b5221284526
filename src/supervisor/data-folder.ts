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
import { runAs } from './run-as.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

/** An open folder that every worker is given, even if its path leads elsewhere later. */
export interface DataFolder {
  /** Its real path when it was opened, for messages. */
  readonly path: string;
  readonly descriptor: number;
}

export type PreparedFolder =
  { readonly ok: true; readonly folder: DataFolder } | { readonly ok: false; readonly message: string };

/**
 * Creates the data folder if it is missing, opens it and closes it to all but its owner. Started by root, it gives an empty
 * folder to the worker; a folder with contents that belongs to another user is refused.
 *
 * Once the worker owns the folder, root uses no path in it or to it: any name could be a link left by a compromised
 * worker.
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

/** Creates a folder for what `--memory` still keeps on disk: the audit log and the authority's certificate. */
export function makeTemporaryFolder(worker: User | undefined): DataFolder {
  const folder = openFolder(mkdtempSync(join(tmpdir(), 'postern-')));
  if (worker !== undefined) fchownSync(folder.descriptor, worker.uid, worker.gid);
  return folder;
}

/** Removes the folder, which the worker has emptied. Root deletes nothing inside a folder of the worker's, because of links. */
export function removeTemporaryFolder({ path, descriptor }: DataFolder, worker: User | undefined): void {
  closeSync(descriptor);
  if (worker === undefined) rmSync(path, { recursive: true, force: true });
  else if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
}

/** A path to the folder that works whatever its own path leads to now, for a process that has the descriptor open. */
export function entryOf({ path, descriptor }: DataFolder): string {
  return existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}` : path;
}

function makeFolder(path: string, worker: User | undefined): void {
  const make = () => mkdirSync(path, { recursive: true, mode: 0o700 });
  // A worker that controls the path can make it lead anywhere, so the folder is created with the worker's rights.
  if (worker !== undefined && canRedirect(worker, path)) runAs(worker, make);
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
  // It already belongs to the worker, which closes it to others itself.
  if (uid === worker.uid) return undefined;
  if (canRedirect(worker, asked) || readdirSync(path).length > 0) return belongsTo(uid, { path, owner: worker.uid });
  fchmodSync(descriptor, 0o700);
  fchownSync(descriptor, worker.uid, worker.gid);
  return undefined;
}

function belongsTo(uid: number, { path, owner }: { readonly path: string; readonly owner: number }): string {
  const others =
    process.geteuid?.() === 0
      ? `give its owner with --user, or, if it contains only Postern's data, give it to uid ${owner} (chown -R ${owner} ${path})`
      : 'start Postern as its owner';
  return `The data folder ${path} belongs to uid ${uid}, and Postern runs as uid ${owner}. Choose another --data, ${others}.`;
}

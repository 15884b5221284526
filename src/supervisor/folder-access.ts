import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { entryOf, type DataFolder } from './data-folder.ts';
import { folderDescriptor } from './worker.ts';
import type { User } from './worker-user.ts';

export type FolderAccess =
  | {
      readonly ok: true;
      /** The words before the child's command line; empty if nothing needs to be done first. */
      readonly command: readonly string[];
      /** The working directory to start in. */
      readonly startIn: string;
      /** The path of the folder for a process that has it open as `folderDescriptor`. */
      readonly entry: string;
    }
  | { readonly ok: false; readonly message: string };

/**
 * How the worker reaches its data folder: by a descriptor, once its code is loaded. It does not start in the folder,
 * because until then it is root, and code may be loaded from the working directory: Node's modules, and with an empty
 * entry in `LD_LIBRARY_PATH` every library (ld.so(8)).
 *
 * If the worker may not pass a folder above, as is common for a home directory, the descriptor is not enough, since
 * SQLite makes every path absolute. Then the worker gets its own mount namespace, in which its folder is mounted where
 * every user can reach it: over `/run/postern`, which also hides our own folder from it. The commands that mount it have
 * the folder as their working directory, because the descriptor belongs to a mount of another namespace, which cannot be
 * bound (mount(2)); they load code from absolute paths only (`environment`).
 */
export function accessFolder(
  folder: DataFolder,
  worker: User | undefined,
  environment: NodeJS.ProcessEnv,
): FolderAccess {
  const closed = worker === undefined ? undefined : closedFolder(folder.path, worker);
  if (worker === undefined || closed === undefined) {
    const entry = entryOf({ ...folder, descriptor: folderDescriptor });
    return { ok: true, command: [], startIn: '/', entry };
  }
  // Not by its path, which mount(8) would look up and the worker may be able to change.
  const bind = 'mount --no-canonicalize --bind . /run/postern && cd / && exec "$@"';
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bind, 'sh'];
  const [program, ...parameters] = [...command, 'true'];
  const startIn = entryOf(folder);
  const tried = spawnSync(program, parameters, { cwd: startIn, env: environment, encoding: 'utf8' });
  if (tried.status === 0) return { ok: true, command, startIn, entry: '/run/postern' };
  const why = tried.error?.message ?? tried.stderr.trim();
  const remedy = `Choose another --data, or let other users pass: chmod o+x ${closed}.`;
  return {
    ok: false,
    message: `The worker, uid ${worker.uid}, cannot reach ${folder.path}: it may not pass ${closed} (${why}). ${remedy}`,
  };
}

/** The first folder above the path that the account may not pass, by the permission bits that apply to it. */
export function closedFolder(path: string, { uid, gid }: User): string | undefined {
  const above: string[] = [];
  for (let at = dirname(path); ; at = dirname(at)) {
    above.unshift(at);
    if (at === '/') break;
  }
  return above.find((folder) => {
    const found = statSync(folder);
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
    return (found.mode & bit) === 0;
  });
}

import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { entryOf, type DataFolder } from './data-folder.ts';
import type { User } from './worker-user.ts';

export type WayIn =
  | { readonly ok: true; /** Becomes what follows it, in the folder. */ readonly command: readonly string[] }
  | { readonly ok: false; readonly message: string };

/**
 * How the worker gets into its folder where a folder above is closed to it, as a home often is. The folder is its working
 * directory, but SQLite makes every path absolute. So the worker gets a mount namespace of its own, in which its folder
 * lies where everybody can go: in the place of ours under `/run`, which it is thereby kept from seeing.
 */
export function wayInto(folder: DataFolder, worker: User | undefined): WayIn {
  const closed = worker === undefined ? undefined : closedFolder(folder.path, worker);
  if (worker === undefined || closed === undefined) return { ok: true, command: [] };
  const bind = 'mount --bind . /run/postern && cd /run/postern && exec "$@"';
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bind, 'sh'];
  const [program, ...parameters] = [...command, 'true'];
  const tried = spawnSync(program, parameters, { cwd: entryOf(folder), encoding: 'utf8' });
  if (tried.status === 0) return { ok: true, command };
  const why = tried.error?.message ?? tried.stderr.trim();
  const remedy = `Choose another --data, or open the way: chmod o+x ${closed}.`;
  return {
    ok: false,
    message: `The worker, uid ${worker.uid}, cannot reach ${folder.path}: ${closed} is closed to it (${why}). ${remedy}`,
  };
}

/** The first folder on the way that the account may not go through, by the permissions of its class. */
function closedFolder(path: string, { uid, gid }: User): string | undefined {
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

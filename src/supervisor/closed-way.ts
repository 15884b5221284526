import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { entryOf, type DataFolder } from './data-folder.ts';
import { folderDescriptor } from './worker.ts';
import type { User } from './worker-user.ts';

export type WayIn =
  | {
      readonly ok: true;
      /** Becomes what follows it; empty where nothing needs to be done first. */
      readonly command: readonly string[];
      /** Where it is started. */
      readonly startIn: string;
      /** What leads into the folder from there, for a process that has it open as `folderDescriptor`. */
      readonly entry: string;
    }
  | { readonly ok: false; readonly message: string };

/**
 * How the worker gets into its folder: by its descriptor, once it has loaded its code. It is not started there, for it is
 * root until then, and what a process loads may come from its working directory: Node's modules, and with an empty member
 * in `LD_LIBRARY_PATH` every library (ld.so(8)).
 *
 * Where a folder above is closed to the worker, as a home often is, the descriptor is not enough, since SQLite makes every
 * path absolute. So the worker gets a mount namespace of its own, in which its folder lies where everybody can go: in the
 * place of ours under `/run`, which it is thereby kept from seeing. The folder is the working directory of the commands
 * that do so, because a mount of another namespace, to which the descriptor belongs, cannot be bound (mount(2)); what they
 * load comes from absolute paths alone (`environment`).
 */
export function wayInto(folder: DataFolder, worker: User | undefined, environment: NodeJS.ProcessEnv): WayIn {
  const closed = worker === undefined ? undefined : closedFolder(folder.path, worker);
  if (worker === undefined || closed === undefined) {
    const entry = entryOf({ ...folder, descriptor: folderDescriptor });
    return { ok: true, command: [], startIn: '/', entry };
  }
  // Not by its path, which mount(8) would look up, and which the worker may be able to change.
  const bind = 'mount --no-canonicalize --bind . /run/postern && cd / && exec "$@"';
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bind, 'sh'];
  const [program, ...parameters] = [...command, 'true'];
  const startIn = entryOf(folder);
  const tried = spawnSync(program, parameters, { cwd: startIn, env: environment, encoding: 'utf8' });
  if (tried.status === 0) return { ok: true, command, startIn, entry: '/run/postern' };
  const why = tried.error?.message ?? tried.stderr.trim();
  const remedy = `Choose another --data, or give others access: chmod o+x ${closed}.`;
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

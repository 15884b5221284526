import { statSync } from 'node:fs';
import { isChosenBy } from './way.ts';
import type { User } from './worker-user.ts';

/**
 * Refuses files by which root acts, its program and its configuration, that the worker may change: by them a compromised
 * worker would be root after the next start. `undefined`: there is none.
 */
export function refuseWorkersFiles(paths: readonly string[], worker: User | undefined): string | undefined {
  if (worker === undefined) return undefined;
  const { uid, gid } = worker;
  const found = paths.find((path) => {
    const file = statSync(path);
    const isOpen = (file.mode & 0o002) !== 0 || (file.gid === gid && (file.mode & 0o020) !== 0);
    return file.uid === uid || isOpen || isChosenBy(worker, path);
  });
  if (found === undefined) return undefined;
  return `The worker (uid ${uid}) can change ${found}, which root trusts: move it to where the worker cannot, or choose another --user.`;
}

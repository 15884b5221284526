import { statSync } from 'node:fs';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

/**
 * Refuses files that root relies on (its program and its configuration) if the worker can change them: otherwise a
 * compromised worker would be root after the next start. Returns the message, or `undefined` if all files are safe.
 */
export function refuseWorkersFiles(paths: readonly string[], worker: User | undefined): string | undefined {
  if (worker === undefined) return undefined;
  const { uid, gid } = worker;
  const found = paths.find((path) => {
    const file = statSync(path);
    const isOpen = (file.mode & 0o002) !== 0 || (file.gid === gid && (file.mode & 0o020) !== 0);
    return file.uid === uid || isOpen || canRedirect(worker, path);
  });
  if (found === undefined) return undefined;
  return `The worker (uid ${uid}) can change ${found}, which root trusts: move it where the worker cannot change it, or choose another --user.`;
}

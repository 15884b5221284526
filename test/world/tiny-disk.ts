import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';

/** A new mount namespace: as root, or as root of a user namespace. The mount goes away when the program ends. */
const namespaces = [
  ['unshare', '-m'],
  ['unshare', '-Urm'],
] as const;

const mounted = 'mount -t tmpfs -o "size=$2" none "$1" && shift 2 && exec "$@"';

/** Runs a command with a disk of that size at `directory`; `undefined` if this machine does not allow it. */
export function onTinyDisk(
  directory: string,
  command: readonly string[],
  { size = '64k', timeoutMs = 60_000 } = {},
): SpawnSyncReturns<string> | undefined {
  for (const [unshare, flag] of namespaces) {
    const run = (given: readonly string[]) =>
      spawnSync(unshare, [flag, 'sh', '-c', mounted, 'sh', directory, size, ...given], {
        encoding: 'utf8',
        timeout: timeoutMs,
      });
    if (run(['true']).status === 0) return run(command);
  }
  return undefined;
}

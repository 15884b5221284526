import { spawnSync } from 'node:child_process';
import type { SpawnSyncReturns } from 'node:child_process';

/** A mount namespace of its own: as root, or as root of a user namespace. The mount goes when the program ends. */
const namespaces = [
  ['unshare', '-m'],
  ['unshare', '-Urm'],
] as const;

const mounted = 'mount -t tmpfs -o "size=$2" none "$1" && shift 2 && exec "$@"';

/** Runs a command that finds a disk of that size at `directory`; `undefined` where this machine allows no such thing. */
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

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed } from '../failed.ts';

/** The programs that start a workload, and the Debian packages that have them. */
const packages = {
  env: 'coreutils',
  mkdir: 'coreutils',
  mount: 'mount',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
} as const;

export type Programs = Readonly<Record<keyof typeof packages, string>>;

/** Not those of PATH: root must not run what another user has put there, and a user's may not lead to all of these. */
const folders = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/run/current-system/sw/bin',
];

/**
 * Their paths.
 * @throws {CommandFailed} when one is missing; it names the packages
 */
export function findPrograms(): Programs {
  const found = Object.keys(packages).map(
    (name) => [name, folders.map((folder) => join(folder, name)).find(canRun)] as const,
  );
  const programs = Object.fromEntries<string | undefined>(found);
  if (areAll(programs)) return programs;
  const missing = Object.entries(packages).filter(([name]) => programs[name] === undefined);
  const names = missing.map(([name]) => name).join(', ');
  const wanted = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new CommandFailed(`There is no ${names} on this machine.`, `Install it: sudo apt-get install ${wanted}`);
}

function areAll(programs: Readonly<Record<string, string | undefined>>): programs is Programs {
  return Object.keys(packages).every((name) => programs[name] !== undefined);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

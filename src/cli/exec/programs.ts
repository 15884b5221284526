import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed } from '../failed.ts';

/** The programs that start a workload, and the Debian packages that have them. */
const packages = {
  env: 'coreutils',
  mkdir: 'coreutils',
  mount: 'mount',
  nsenter: 'util-linux',
  perl: 'perl-base',
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
  const found = Object.keys(packages).map((name) => [name, pathOf(name)] as const);
  const programs = Object.fromEntries<string | undefined>(found);
  if (areAll(programs)) return programs;
  const missing = Object.entries(packages).filter(([name]) => programs[name] === undefined);
  const names = missing.map(([name]) => name).join(', ');
  const wanted = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new CommandFailed(`There is no ${names} on this machine.`, `Install it: sudo apt-get install ${wanted}`);
}

/** The processors for which there is a filter, as Node names them. */
const filtered = new Set(['x64', 'arm64']);

/**
 * Why a workload has no filter of system calls, if it has none. The option is looked for in the program, which takes less
 * time than to run it.
 */
export function whyNoFilter(setpriv: string, architecture: string): string | undefined {
  if (!filtered.has(architecture)) return `there is none for the processor ${architecture}`;
  if (readFileSync(setpriv).includes('seccomp-filter')) return undefined;
  return `${setpriv} cannot load one, which takes util-linux 2.41`;
}

/** That of this machine, which is not said where the program is missing. */
export function whyNoFilterHere(): string | undefined {
  const setpriv = pathOf('setpriv');
  return setpriv === undefined ? undefined : whyNoFilter(setpriv, process.arch);
}

function pathOf(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(canRun);
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

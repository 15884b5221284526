import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GivenFolder } from './mounts.ts';

/** Folders of the whole system, which a workload sees as every user does. */
const systemFolders = new Set(
  [
    'bin',
    'boot',
    'dev',
    'etc',
    'home',
    'lib',
    'lib64',
    'media',
    'mnt',
    'opt',
    'proc',
    'run',
    'sbin',
    'srv',
    'sys',
    'tmp',
  ]
    .concat(['usr', 'var'])
    .map((name) => `/${name}`),
);

/**
 * The folder as it is given to a workload of root; `undefined` for one that is not given: a folder of the whole system,
 * or a home, in which there are keys.
 * @param folder its real path
 */
export function givenFolder(folder: string, home: string): GivenFolder | undefined {
  if (folder === '/' || folder === home || systemFolders.has(folder)) return undefined;
  const closed = above(folder).filter((each) => (statSync(each).mode & 0o001) === 0);
  return { path: folder, closedHome: closed.at(-1) };
}

/** The folders above one, the nearest first, without the root of the file system. */
function above(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === '/' ? [] : [parent, ...above(parent)];
}

/** Whether a workload still finds this path when the folder above the given one is replaced by an empty one. */
export function isVisible(path: string, given: GivenFolder | undefined): boolean {
  const isBelow = (folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
  return given?.closedHome === undefined || !isBelow(given.closedHome) || isBelow(given.path);
}

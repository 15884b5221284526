import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CommandFailed } from '../failed.ts';

/** The working folder of a workload, which is put where the workload would not find it otherwise, or not as its own. */
export interface KeptFolder {
  /** The working folder, or one above it. */
  readonly path: string;
  /** A folder above it, of which the workload sees an empty one with the kept folder in it. */
  readonly base: string | undefined;
}

/** Each workload has these of its own, in which it works. */
export const ownFolders: readonly string[] = ['tmp', 'var/tmp'].map((name) => `/${name}`);

/** Root's programs and services read what is there: whoever writes there is root soon. */
const systemTrees = ['bin', 'boot', 'dev', 'efi', 'etc', 'lib', 'lib32', 'lib64', 'libx32', 'lost+found', 'nix', 'proc']
  .concat(['run', 'sbin', 'snap', 'sys', 'usr', 'var'])
  .map((name) => `/${name}`);
/** Below a system's tree, but for what users put there. */
const placesInTrees = ['/usr/local/src', '/usr/src', '/var/tmp', '/var/www'];
/** Folders of all users' folders. */
const collections = new Set(['/', '/home', '/media', '/mnt', '/opt', '/root', '/srv', ...ownFolders, ...placesInTrees]);

/** Whether a workload works in a folder of its own at this path, in which nothing of the machine is. */
export function isOwnFolder(folder: string): boolean {
  return ownFolders.includes(folder);
}

/**
 * The folder that root gives to a workload, whose user has then what root has in it.
 * @param folder its real path
 * @throws {CommandFailed} for one of the system's, and for a home or what its user's programs keep there
 */
export function folderOfRoot(folder: string, homes: readonly string[]): KeptFolder {
  const why = dangerOf(folder, homes);
  if (why !== undefined) {
    throw new CommandFailed(
      `${folder} cannot be given to a workload: ${why}.`,
      'Give a folder of yours with --folder DIR, or --folder /tmp, which is empty.',
    );
  }
  const closed = above(folder).filter((each) => (statSync(each).mode & 0o001) === 0);
  return { path: folder, base: ownFolders.find((own) => isBelow(folder, own)) ?? closed.at(-1) };
}

function dangerOf(folder: string, homes: readonly string[]): string | undefined {
  if (homes.includes(folder)) return 'it is a home, in which there are keys';
  const hidden = homes.some((home) => isBelow(folder, home) && folder.slice(home.length + 1).startsWith('.'));
  if (hidden) return "programs keep a user's settings and keys there";
  if (collections.has(folder)) return 'it is a folder of the whole system';
  if (placesInTrees.some((place) => isBelow(folder, place))) return undefined;
  return systemTrees.some((tree) => isIn(folder, tree)) ? 'root runs and reads what is there' : undefined;
}

/** The folder that a user's workload finds at its place, if it has its own instead of what is there. */
export function folderOfUser(folder: string): KeptFolder | undefined {
  const base = ownFolders.find((own) => isBelow(folder, own));
  if (base === undefined) return undefined;
  // Whole, with its owner and mode: what is closed above the working folder stays closed.
  const [name = ''] = folder.slice(base.length + 1).split('/');
  return { path: join(base, name), base };
}

/** The folders above one, the nearest first, without the root of the file system. */
function above(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === '/' ? [] : [parent, ...above(parent)];
}

/** Whether a workload still finds this path of the machine. */
export function isVisible(path: string, kept: KeptFolder | undefined): boolean {
  if (kept !== undefined && isIn(path, kept.path)) return true;
  // In /run are sockets of sessions, of servers and of services.
  const replaced = [...ownFolders, '/run', ...(kept?.base === undefined ? [] : [kept.base])];
  return !replaced.some((folder) => isIn(path, folder));
}

/** The folders between the given one and one below it, which a workload could rename to have both. */
export function foldersBetween(folder: string, inner: string): readonly string[] {
  return above(inner)
    .filter((each) => isBelow(each, folder))
    .toReversed();
}

/**
 * What is read-only for a workload, for it is run by who starts the next one: this program's own files, and where it was
 * installed as a package, those of all packages there.
 * @param main the program's main file, in the folder `bin` of the installation
 */
export function installationOf(main: string): string {
  const root = dirname(dirname(main));
  const around = dirname(root);
  return basename(around) === 'node_modules' ? around : root;
}

/** Whether a path is the folder, or below it. */
export function isIn(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder === '/' ? '/' : `${folder}/`) && path !== folder;
}

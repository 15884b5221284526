import { join } from 'node:path';
import { ownTerminals } from './relay.ts';
import { foldersBetween, isIn, isOwnFolder, ownFolders, type KeptFolder } from './given-folder.ts';

/** The folder of a mount namespace's own memory, in which the launcher prepares what it mounts. */
export const stage = '/dev/shm';
/** The descriptor by which the fabric's own folder is read, also when its path is covered. */
export const runFolderDescriptor = 3;

export interface MountInput {
  readonly runFolder: string;
  /** The server's data folder, if the workload would find it. */
  readonly dataFolder: string | undefined;
  /** This program's own files, if the workload would find them and could write them. */
  readonly installation: string | undefined;
  /** Files of the fabric's own folder, and the files of the system that they replace. */
  readonly replaced: readonly (readonly [name: string, target: string])[];
  /** Files on the stage, likewise. */
  readonly staged: readonly (readonly [name: string, target: string])[];
  /** Whether the launcher has made the workload's own terminals. */
  readonly hasTerminals: boolean;
  /** Whether this machine shows POSIX message queues (mq_overview(7)), those of its own IPC namespace. */
  readonly hasQueues: boolean;
  /** Whether the launcher has made the workload's own `/run`. */
  readonly hasRun: boolean;
  /** Folders of `/run` that programs need. */
  readonly keptInRun: readonly string[];
  /** The working folder, if it is put to its place; the launcher has done it already unless its base is a folder of its own. */
  readonly kept: KeptFolder | undefined;
  /** Whether that folder as a whole is read-only: `mount` leaves out a second mount of a folder at the same place. */
  readonly isReadOnly: boolean;
  /** A new home, and the user that it belongs to. */
  readonly home: { readonly path: string; readonly uid: number; readonly gid: number } | undefined;
}

const empty = 'ro,nosuid,nodev,noexec,size=4k,mode=555';
const readOnly = 'bind,ro,nosuid,nodev';
/** Parts of the machine's memory, which is filled as they are. */
const scratch = 'nosuid,nodev,size=25%';
/** The descriptor of the machine's own /run. */
export const runDescriptor = 5;

/**
 * The mounts of a workload's own folders, as the lines of a table for one `mount --all`, in order. Each path is a real
 * one: a link in it would lead to where something else is covered.
 */
export function mountTable(input: MountInput): string {
  const { runFolder, dataFolder, installation, home, kept } = input;
  const lines = [
    ...(input.hasTerminals ? [] : [own('/dev/pts', 'devpts', `nosuid,noexec,${ownTerminals}`)]),
    ...(input.hasQueues ? [own('/dev/mqueue', 'mqueue', 'nosuid,nodev,noexec')] : []),
    ...(input.hasRun ? [] : [tmpfs('/run', 'nosuid,nodev,size=16m,mode=755')]),
    ...ownFolders.map((folder) => tmpfs(folder, `${scratch},mode=1777`)),
    ...input.keptInRun.map((name) =>
      bound(`/proc/self/fd/${runDescriptor}/${name}`, join('/run', name), `${readOnly},X-mount.mkdir`),
    ),
    ...(kept?.base !== undefined && isOwnFolder(kept.base)
      ? [bound(`${stage}/folder`, kept.path, `rbind,${input.isReadOnly ? 'ro,' : ''}nosuid,nodev,X-mount.mkdir`)]
      : []),
    // A folder that is a mount cannot be renamed, nor one above it that is a mount itself.
    ...[installation, dataFolder].flatMap((path) => fixed(path, kept)),
    ...(installation === undefined || input.isReadOnly ? [] : [bound(installation, installation, readOnly)]),
    ...(dataFolder === undefined ? [] : [tmpfs(dataFolder, 'nosuid,nodev,noexec,size=64k,mode=555')]),
    bound(`/proc/self/fd/${runFolderDescriptor}`, runFolder, `${readOnly},X-mount.mkdir`),
    tmpfs(join(runFolder, 'control'), empty),
    ...(home === undefined
      ? []
      : [tmpfs(home.path, `${scratch},uid=${home.uid},gid=${home.gid},mode=700,X-mount.mkdir`)]),
    ...input.replaced.map(([name, target]) => bound(`/proc/self/fd/${runFolderDescriptor}/${name}`, target, readOnly)),
    ...input.staged.map(([name, target]) => bound(`${stage}/${name}`, target, readOnly)),
    // POSIX shared memory is a part of what an IPC namespace keeps apart. It covers the stage.
    tmpfs(stage, `${scratch},mode=1777`),
  ];
  return lines.join('');
}

function fixed(path: string | undefined, kept: KeptFolder | undefined): readonly string[] {
  if (path === undefined || kept === undefined || !isIn(path, kept.path)) return [];
  return foldersBetween(kept.path, path).map((folder) => bound(folder, folder, 'rbind'));
}

/** The name of the source differs from the others, for `mount` leaves out what seems to be mounted already. */
function tmpfs(target: string, options: string): string {
  return own(target, 'tmpfs', options);
}

function own(target: string, type: string, options: string): string {
  return `postern-workload ${field(target)} ${type} ${options} 0 0\n`;
}

function bound(source: string, target: string, options: string): string {
  return `${field(source)} ${field(target)} none ${options} 0 0\n`;
}

/** A field of fstab(5), in which white space ends a field, `#` begins a comment, and a backslash an octal code. */
function field(path: string): string {
  return path.replace(/[ \t\n\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

/**
 * The map of ids, for `X-mount.idmap`, by which the files of root belong to the workload. All others keep their owners.
 */
export function idMap({ uid, gid }: { readonly uid: number; readonly gid: number }): string {
  const last = 2 ** 32 - 2;
  const extents = (id: number) => [`0:${id}:1`, `1:1:${id - 1}`, `${id + 1}:${id + 1}:${last - id}`];
  const positive = (extent: string) => !extent.endsWith(':0');
  return [...extents(uid).map((extent) => `u:${extent}`), ...extents(gid).map((extent) => `g:${extent}`)]
    .filter(positive)
    .join(' ');
}

/**
 * Where there are cgroups. A user may write in those of the user's session, and so end and stop its processes.
 * @param mounts contents of /proc/self/mounts
 */
export function cgroupFolders(mounts: string): readonly string[] {
  const fields = mounts.split('\n').map((line) => line.split(' '));
  const found = fields.flatMap(([, folder = '', type = '']) => (/^cgroup2?$/.test(type) ? [folder] : []));
  return found.filter((folder) => /^\/sys\/fs\/cgroup(?:\/[\w,=.-]+)*$/.test(folder));
}

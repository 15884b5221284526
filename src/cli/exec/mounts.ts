import { join } from 'node:path';

/** The folder of a mount namespace's own memory, in which the launcher prepares what it mounts. */
export const stage = '/dev/shm';
/** The descriptor by which the fabric's own folder is read, also when its path is covered. */
export const runFolderDescriptor = 3;

/** The working folder of a workload of root. */
export interface GivenFolder {
  readonly path: string;
  /** The folder above it that is closed to other users; the workload sees an empty one with the given folder in it. */
  readonly closedHome: string | undefined;
}

export interface MountInput {
  readonly runFolder: string;
  /** The folder that has the run folder in it, and is covered: root's own below /run, or a user's data folder. */
  readonly coveredFolder: string;
  /** Further folders that a workload must not see into; they exist. */
  readonly otherCovers: readonly string[];
  /** Files of the fabric's own folder, and the files of the system that they replace. */
  readonly replaced: readonly (readonly [name: string, target: string])[];
  /** Files on the stage, likewise. */
  readonly staged: readonly (readonly [name: string, target: string])[];
  /** Files of the run folder that are not for a workload. */
  readonly hiddenFiles: readonly string[];
  readonly given?: GivenFolder | undefined;
  /** A new home, and the user that it belongs to. */
  readonly home?: { readonly path: string; readonly uid: number; readonly gid: number } | undefined;
}

const empty = 'ro,nosuid,nodev,noexec,size=4k,mode=555';
const readOnly = 'bind,ro,nosuid,nodev';

/**
 * The mounts of a workload, as the lines of a table for one `mount --all`, in order. Each path is a real one: a link in
 * it would lead to where something else is covered. The last one covers the stage.
 */
export function mountTable(input: MountInput): string {
  const { runFolder, coveredFolder, given, home } = input;
  const lines = [
    ...(given?.closedHome === undefined ? [] : [tmpfs(given.closedHome, 'nosuid,nodev,mode=755')]),
    ...(given === undefined ? [] : [bound(`${stage}/folder`, given.path, 'bind,nosuid,nodev,X-mount.mkdir')]),
    ...input.otherCovers.map((folder) => tmpfs(folder, empty)),
    tmpfs(coveredFolder, 'nosuid,nodev,noexec,size=64k,mode=555'),
    bound(`/proc/self/fd/${runFolderDescriptor}`, runFolder, `${readOnly},X-mount.mkdir`),
    tmpfs(join(runFolder, 'control'), empty),
    ...input.hiddenFiles.map((name) => bound('/dev/null', join(runFolder, name), 'bind')),
    ...(home === undefined
      ? []
      : [tmpfs(home.path, `nosuid,nodev,uid=${home.uid},gid=${home.gid},mode=700,X-mount.mkdir`)]),
    ...input.replaced.map(([name, target]) => bound(`/proc/self/fd/${runFolderDescriptor}/${name}`, target, readOnly)),
    ...input.staged.map(([name, target]) => bound(`${stage}/${name}`, target, readOnly)),
    // POSIX shared memory is a part of what an IPC namespace keeps apart.
    tmpfs(stage, 'nosuid,nodev,mode=1777'),
  ];
  return lines.join('');
}

/** The name of the source differs from the others, for `mount` leaves out what seems to be mounted already. */
function tmpfs(target: string, options: string): string {
  return `postern-workload ${field(target)} tmpfs ${options} 0 0\n`;
}

function bound(source: string, target: string, options: string): string {
  return `${field(source)} ${field(target)} none ${options} 0 0\n`;
}

/** A field of fstab(5), in which white space ends a field, `#` begins a comment, and a backslash an octal code. */
function field(path: string): string {
  return path.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);
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

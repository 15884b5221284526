import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Another process that uses what we need, found under /proc on Linux. */
export interface Holder {
  readonly pid: number;
  /** The start of its command line. */
  readonly command: string;
}

const listening = '0A';
/** Long enough to include the program after a long path of Node. */
const commandLengthMax = 240;

/**
 * The process that listens on a TCP port, found by the socket's inode (proc_pid_net(5)). `undefined` if it cannot be found:
 * on a system other than Linux, or if the process belongs to another user and we are not root.
 */
export function holderOfPort(port: number): Holder | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listenersIn(readOrUndefined(table) ?? '', port)),
  );
  if (inodes.size === 0) return undefined;
  const sockets = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((name) => namesIn(`/proc/${name}/fd`).some((fd) => sockets.has(linkOf(name, fd) ?? '')));
  return pid === undefined ? undefined : describe(Number(pid));
}

/**
 * Whether a process has a unix socket bound to this path (proc_pid_net(5)). It finds sockets of this network namespace, by
 * the path that they were bound with.
 */
export function isBound(path: string): boolean {
  return pathsIn(readOrUndefined('/proc/net/unix') ?? '').includes(path);
}

/** The process that has a lock on a file (proc_locks(5)); `undefined` if it cannot be found. */
export function holderOfLock(file: string): Holder | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const pid = lockHolderIn(readOrUndefined('/proc/locks') ?? '', found.ino, found.dev);
  return pid === undefined ? undefined : describe(pid);
}

/** ` (process 4711: node postern start)`, to be added to the name of what is in use; empty if the process is not known. */
export function describeHolder(holder: Holder | undefined): string {
  return holder === undefined ? '' : ` (process ${holder.pid}: ${holder.command})`;
}

/** The inodes of the sockets that listen on `port`, from a table in the form of /proc/net/tcp. */
export function listenersIn(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && local?.split(':')[1] === wanted && inode !== undefined ? [inode] : [];
  });
}

/** The paths of the sockets, from a table in the form of /proc/net/unix. */
export function pathsIn(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => /^(?:\S+\s+){7}(\/.*)$/.exec(line)?.[1] ?? []);
}

/** The process that has a lock on the file with this inode, from a table in the form of /proc/locks. */
export function lockHolderIn(table: string, inode: number, device: number): number | undefined {
  // The device number is split as by glibc's major(3) and minor(3); the table has both parts in hexadecimal.
  const major = Math.floor(device / 256) % 4096;
  const minor = (device % 256) + Math.floor(device / 1_048_576) * 256;
  const hex = (part: number): string => part.toString(16).padStart(2, '0');
  const wanted = `${hex(major)}:${hex(minor)}:${inode}`;
  for (const line of table.split('\n')) {
    const [, , , access, pid, file] = line.trim().split(/\s+/);
    // A line with an arrow is for a process that waits for the lock.
    if (file === wanted && access === 'WRITE' && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

function describe(pid: number): Holder {
  const words = (readOrUndefined(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
  // Another process chooses its own command line, which may contain control characters and is printed to a terminal.
  const command = words
    .join(' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, commandLengthMax);
  return { pid, command: command === '' ? 'unknown command' : command };
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A process may end meanwhile, and those of other users cannot be inspected. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(pid: string, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

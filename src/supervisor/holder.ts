import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Another process that has what we want, as Linux tells it under /proc. */
export interface Holder {
  readonly pid: number;
  /** The start of its command line. */
  readonly command: string;
}

const listening = '0A';
/** A path of Node comes first, and what was started only behind it. */
const commandLengthMax = 240;

/**
 * The process that listens on a TCP port, found by the socket's inode (proc_pid_net(5)). `undefined` where it cannot be seen: on
 * another system than Linux, or because the process is another user's and we are not root.
 */
export function holderOfPort(port: number): Holder | undefined {
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listenersIn(textOf(table) ?? '', port)),
  );
  if (inodes.size === 0) return undefined;
  const sockets = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((name) => namesIn(`/proc/${name}/fd`).some((fd) => sockets.has(linkOf(name, fd) ?? '')));
  return pid === undefined ? undefined : describe(Number(pid));
}

/**
 * Whether a process has a unix socket that is bound at the path (proc_pid_net(5)), as far as it can be seen: in this
 * network namespace, by the name that it was bound by.
 */
export function isBound(path: string): boolean {
  return pathsIn(textOf('/proc/net/unix') ?? '').includes(path);
}

/** The process that has a lock on a file (proc_locks(5)); `undefined` where it cannot be seen. */
export function holderOfLock(file: string): Holder | undefined {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  const pid = lockerIn(textOf('/proc/locks') ?? '', found.ino, found.dev);
  return pid === undefined ? undefined : describe(pid);
}

/** ` (process 4711: node postern start)`, to follow the name of what is taken; empty where the process is not known. */
export function describeHolder(holder: Holder | undefined): string {
  return holder === undefined ? '' : ` (process ${holder.pid}: ${holder.command})`;
}

/** The inodes of the sockets that listen on `port`, in a table as /proc/net/tcp has it. */
export function listenersIn(table: string, port: number): readonly string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    return state === listening && local?.split(':')[1] === wanted && inode !== undefined ? [inode] : [];
  });
}

/** The paths of the sockets in a table as /proc/net/unix has it. */
export function pathsIn(table: string): readonly string[] {
  return table.split('\n').flatMap((line) => /^(?:\S+\s+){7}(\/.*)$/.exec(line)?.[1] ?? []);
}

/** The process that has a lock on the file with this inode, in a table as /proc/locks has it. */
export function lockerIn(table: string, inode: number, device: number): number | undefined {
  // As glibc's major(3) and minor(3) take a device number apart; the table has both in hexadecimal.
  const major = Math.floor(device / 256) % 4096;
  const minor = (device % 256) + Math.floor(device / 1_048_576) * 256;
  const hex = (part: number): string => part.toString(16).padStart(2, '0');
  const wanted = `${hex(major)}:${hex(minor)}:${inode}`;
  for (const line of table.split('\n')) {
    const [, , , access, pid, file] = line.trim().split(/\s+/);
    // A line with an arrow is of a process that waits for the lock.
    if (file === wanted && access === 'WRITE' && Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

function describe(pid: number): Holder {
  const words = (textOf(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((word) => word !== '');
  // What another process calls itself may hold control characters, and goes to a terminal.
  const command = words
    .join(' ')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, commandLengthMax);
  return { pid, command: command === '' ? 'its name cannot be read' : command };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A process may end while it is looked at, and those of other users cannot be looked into. */
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

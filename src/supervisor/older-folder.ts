import { closeSync, constants, existsSync, fchownSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { DataFolder } from './data-folder.ts';
import type { User } from './worker-user.ts';

/** What workers before 0.1.0 made in the folder while they were root, beside the files of the audit log. */
const names = [
  'master.key',
  'commit-mark',
  'ca.pem',
  'connection.json',
  'postern.db',
  'postern.db-wal',
  'postern.db-shm',
  'postern.db.lock',
  'supervisor.lock',
  'audit',
];

/**
 * Gives the worker what root made in its data folder when workers still opened the folder as root, so that they find it
 * theirs. The folder is the worker's, so nothing there is what its name says: each file is opened without following a
 * link, and given by its descriptor, if it is a regular file of root's own with no other name. A worker cannot have
 * brought another file of root's there, for the kernel lets it link to no file that it may not write
 * (fs.protected_hardlinks, proc_sys_fs(5)); where the kernel does not, nothing is given.
 * @returns the files that were not given, because it does not
 */
export function giveOlderFiles({ descriptor }: DataFolder, worker: User, auditFiles: number): readonly string[] {
  const folder = `/proc/self/fd/${descriptor}`;
  // Without /proc there is no way to open a name in a folder that is known by its descriptor.
  if (!existsSync(folder) || fstatSync(descriptor).uid !== worker.uid) return [];
  const logs = Array.from({ length: auditFiles }, (_, number) => `audit.${number + 1}.jsonl`);
  const mayGive = linksAreProtected();
  const kept: string[] = [];
  const give = (entry: string, name: string): void => {
    const opened = openOwn(entry);
    if (opened === undefined) return;
    if (mayGive) fchownSync(opened, worker.uid, worker.gid);
    else kept.push(name);
    closeSync(opened);
  };
  for (const name of names) give(`${folder}/${name}`, name);
  const audit = openFolder(`${folder}/audit`);
  if (audit === undefined) return kept;
  for (const name of ['audit.jsonl', ...logs]) give(`/proc/self/fd/${audit}/${name}`, `audit/${name}`);
  closeSync(audit);
  return kept;
}

function linksAreProtected(): boolean {
  const setting = '/proc/sys/fs/protected_hardlinks';
  return existsSync(setting) && readFileSync(setting, 'utf8').trim() === '1';
}

/** A regular file with one name, or a folder, that belongs to root; `undefined` for whatever else lies there. */
function openOwn(path: string): number | undefined {
  const { O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
  // Without waiting for the other end of a FIFO.
  const opened = tryOpen(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (opened === undefined) return undefined;
  const found = fstatSync(opened);
  if (found.uid === process.geteuid?.() && (found.isDirectory() || (found.isFile() && found.nlink === 1)))
    return opened;
  closeSync(opened);
  return undefined;
}

function openFolder(path: string): number | undefined {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  return tryOpen(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

/** `undefined` where nothing lies there, or a link, a socket or a device without a driver. */
function tryOpen(path: string, flags: number): number | undefined {
  try {
    return openSync(path, flags);
  } catch {
    return undefined;
  }
}

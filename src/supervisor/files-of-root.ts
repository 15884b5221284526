import { lstatSync } from 'node:fs';
import type { DataFolder } from './data-folder.ts';

/** What Postern keeps in its data folder. */
const names = [
  'master.key',
  'commit-mark',
  'ca.pem',
  'connection.json',
  'postern.db',
  'postern.db-wal',
  'postern.db-shm',
  'postern.db.lock',
  'audit',
];

/**
 * Names in the worker's data folder at which root's own files lie, which the worker cannot use: a copy that root put back,
 * or a log that was opened before the worker gave up root, as it once was. They are named, not given away: the folder
 * is the worker's, which may have brought any file of root's in it to such a name by renaming it.
 */
export function filesOfRoot({ descriptor }: DataFolder): readonly string[] {
  const at = (name: string) => lstatSync(`/proc/self/fd/${descriptor}/${name}`, { throwIfNoEntry: false });
  const uid = process.geteuid?.();
  // Behind a link lies nothing of Postern's: the worker's start says what it thinks of one.
  const log = at('audit')?.isDirectory() === true ? ['audit/audit.jsonl'] : [];
  return [...names, ...log].filter((name) => {
    const found = at(name);
    if (found === undefined || found.uid !== uid) return false;
    return found.isDirectory() || (found.isFile() && found.nlink === 1);
  });
}

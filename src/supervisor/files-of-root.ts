import { lstatSync } from 'node:fs';
import type { DataFolder } from './data-folder.ts';

/** The names that Postern uses in its data folder. */
const names = [
  'master.key',
  'master.key.next',
  'commit-mark',
  'ca.pem',
  'trusted.pem',
  'fabric-ca.pem',
  'connection.json',
  'postern.db',
  'postern.db-wal',
  'postern.db-shm',
  'postern.db.lock',
  'node.json',
  'audit',
];

/**
 * Names in the worker's data folder whose files belong to root, so that the worker cannot use them: a copy that root
 * restored, or a log from a release that opened it before giving up root. They are listed for the operator, not given
 * away: the worker owns the folder and may have renamed any file of root's in it to such a name.
 */
export function filesOfRoot({ descriptor }: DataFolder): readonly string[] {
  const at = (name: string) => lstatSync(`/proc/self/fd/${descriptor}/${name}`, { throwIfNoEntry: false });
  const uid = process.geteuid?.();
  // A link is not followed; the worker refuses one when it starts.
  const log = at('audit')?.isDirectory() === true ? ['audit/audit.jsonl'] : [];
  return [...names, ...log].filter((name) => {
    const found = at(name);
    if (found === undefined || found.uid !== uid) return false;
    return found.isDirectory() || (found.isFile() && found.nlink === 1);
  });
}

import { existsSync, lstatSync, mkdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { restoringFile } from '../../backup/restoring.ts';
import { isUnfinishedCopy } from '../../store/copy-store.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { syncFolder } from '../../store/sync-folder.ts';
import { lockFolder } from '../../supervisor/control-folder.ts';
import type { FolderLock } from '../../supervisor/control-folder.ts';
import { closedFolder } from '../../supervisor/folder-access.ts';
import { redirectedBy } from '../../supervisor/redirectable-path.ts';
import type { User } from '../../supervisor/worker-user.ts';
import { dropPrivileges } from '../../worker/drop-privileges.ts';
import { CommandFailed } from '../failed.ts';

const database = 'postern.db';

/** The store in a data folder on which no server runs. */
export interface FolderStore {
  readonly store: Store;
  /** Where the database went that was there before. */
  readonly replaced: string | undefined;
  /** Closes it, and undoes what its opening did. */
  giveUp(): Promise<void>;
  /** Held until the end of the process. */
  readonly lock: FolderLock;
}

interface Entered {
  readonly path: string;
  readonly lock: FolderLock;
}

/**
 * Opens the store in a data folder, to copy it.
 * @throws {CommandFailed} when there is none, or a server uses the folder
 */
export async function openFromFolder(folder: string): Promise<FolderStore> {
  const { path, lock } = enter(folder);
  if (!existsSync(database)) throw new CommandFailed(`${join(path, database)} is not there: ${path} holds no store.`);
  const store = await openSqliteStore({ file: database });
  return { store, lock, replaced: undefined, giveUp: () => store.close() };
}

/**
 * Opens a new store in a data folder, which is made if it is missing.
 * @param replacedName the name that a database gets that is there, where `replace` says so
 * @throws {CommandFailed} when a server uses the folder
 */
export async function openInFolder(
  folder: string,
  { replace, replacedName }: { readonly replace: boolean; readonly replacedName: string },
): Promise<FolderStore> {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) make(folder);
  const { path, lock } = enter(folder);
  const isThere = existsSync(database);
  if (!isThere) refuseLog(path);
  const replaces = isThere && replace && (await moveAside(path, replacedName));
  const putBack = (): void => {
    // One that was there, and was not moved aside, is not of this command.
    if (isThere && !replaces) return;
    for (const end of ['', '-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
    if (replaces) renameSync(replacedName, database);
    syncFolder('.');
  };
  try {
    const store = await openSqliteStore({ file: database });
    const giveUp = () => store.close().then(putBack);
    return { store, lock, replaced: replaces ? join(path, replacedName) : undefined, giveUp };
  } catch (error) {
    putBack();
    throw error;
  }
}

/** False: a copy that was cut short is there, which goes on in its place, so that only a server's database has such a name. */
async function moveAside(path: string, replacedName: string): Promise<boolean> {
  const store = await openSqliteStore({ file: database });
  try {
    if (await isUnfinishedCopy(store)) return false;
  } finally {
    await store.close();
  }
  // The close has written the log of the database back, so that the one file has everything.
  refuseLog(path);
  if (existsSync(replacedName)) throw new CommandFailed(`${join(path, replacedName)} is there already.`);
  renameSync(database, replacedName);
  syncFolder('.');
  return true;
}

/** SQLite would apply the log to whichever database next has that name. */
function refuseLog(path: string): void {
  const log = `${database}-wal`;
  if (!existsSync(log)) return;
  throw new CommandFailed(
    `${join(path, log)} is there, the log of the last changes of a database.`,
    'Bring the database back beside it, or remove the log to do without these changes.',
  );
}

function make(folder: string): void {
  if (process.geteuid?.() === 0)
    throw new CommandFailed(
      `There is no folder ${folder}.`,
      "Make it for the server's user: install -d -m 0700 -o USER FOLDER. Or run the command as that user.",
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/**
 * Makes a data folder the working directory, and its owner the user of this process: root does nothing in a folder that
 * another user could change.
 */
function enter(folder: string): Entered {
  if (!existsSync(folder)) throw new CommandFailed(`There is no folder ${folder}.`);
  const isRoot = process.geteuid?.() === 0;
  const others = isRoot ? redirectedBy(resolve(folder)) : undefined;
  if (others !== undefined)
    throw new CommandFailed(
      `The folder ${folder} is in one where ${others} could lead root elsewhere.`,
      'Run the command as the user of that folder.',
    );
  const path = realpathSync(folder);
  const { uid, gid } = lstatSync(path);
  const owner: User | undefined = isRoot && uid !== 0 ? { uid, gid } : undefined;
  const closed = owner && closedFolder(path, owner);
  if (closed !== undefined)
    throw new CommandFailed(
      `The user of ${path}, uid ${uid}, may not pass ${closed}, and root does nothing itself in the folder of another user.`,
      `Let other users pass: chmod o+x ${closed}.`,
    );
  if (!isRoot && uid !== process.geteuid?.())
    throw new CommandFailed(`${path} belongs to uid ${uid}.`, 'Run the command as that user.');
  const lock = lockFolder(path, owner);
  if (lock === undefined) throw new CommandFailed(`A server uses ${path}, or another command.`, 'Stop it first.');
  process.chdir(path);
  if (owner !== undefined) dropPrivileges(owner);
  if (existsSync(restoringFile))
    throw new CommandFailed(`A restore into ${path} was cut short, or is at work.`, 'Run "postern restore" again.');
  return { path, lock };
}

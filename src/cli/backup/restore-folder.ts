import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { restoringFile } from '../../backup/restoring.ts';
import { lockFolder } from '../../supervisor/control-folder.ts';
import type { FolderLock } from '../../supervisor/control-folder.ts';
import { redirectedBy } from '../../supervisor/redirectable-path.ts';
import type { User } from '../../supervisor/worker-user.ts';
import { finishRestore } from '../../worker/restore.ts';
import { CommandFailed } from '../failed.ts';
import { timeInName } from '../time-in-name.ts';

/** The lock of a supervisor, which it leaves in a data folder of its own user. */
const lockName = 'supervisor.lock';

/** The names that a restore writes into a folder; one that was killed leaves some of them. */
const written = new Set([
  restoringFile,
  'postern.db',
  'postern.db-wal',
  'postern.db-shm',
  'postern.db-journal',
  'postern.db.lock',
  'postern.db.new',
  'postern.db.new-wal',
  'postern.db.new-shm',
  'postern.db.new-journal',
  'audit',
  'master.key',
  'commit-mark',
  lockName,
]);

export interface FolderWanted {
  readonly data: string;
  /** The user that the server's worker runs as; `undefined`: this process's user. */
  readonly worker: User | undefined;
  readonly replace: boolean;
  readonly nowMs: number;
}

/**
 * The data folder that a restore fills. It is this process's until the restore is whole; so root follows no link of
 * another user's in it. It is locked, so that no server starts on it meanwhile.
 */
export class RestoreFolder {
  readonly path: string;
  readonly #worker: User | undefined;
  readonly #locks: readonly FolderLock[];
  readonly #before: FolderParts['before'];

  private constructor(path: string, { worker, locks, before }: FolderParts) {
    this.path = path;
    this.#before = before;
    this.#worker = worker;
    this.#locks = locks;
  }

  /** @throws {CommandFailed} for a folder that must not be filled; it is then as it was */
  static open({ data, worker, replace, nowMs }: FolderWanted): RestoreFolder {
    const others = process.geteuid?.() === 0 ? redirectedBy(resolve(data)) : undefined;
    if (others !== undefined) throw redirectable(data, others);
    const isMade = lstatSync(data, { throwIfNoEntry: false }) === undefined;
    if (isMade) mkdirSync(data, { recursive: true, mode: 0o700 });
    const path = realpathSync(data);
    const { uid, gid } = lstatSync(path);
    const own = process.geteuid?.() ?? uid;
    if (uid !== own && uid !== worker?.uid) throw anothersFolder(path, uid);
    const use = useOf(path, uid === own);
    if (use === 'holds' && !replace) throw holdsSomething(path);
    const lock = lockFolder(path, worker);
    if (lock === undefined) throw inUse(path);
    try {
      if (use === 'holds') return RestoreFolder.#inPlaceOf(path, { worker, lock, nowMs });
      takeEmpty(path, use === 'leftover');
      return new RestoreFolder(path, { worker, locks: [lock], before: isMade ? 'nothing' : { owner: { uid, gid } } });
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  static #inPlaceOf(path: string, { worker, lock, nowMs }: Locked): RestoreFolder {
    const replaced = `${path}.replaced-${timeInName(nowMs)}`;
    if (lstatSync(replaced, { throwIfNoEntry: false }) !== undefined)
      throw new CommandFailed(`${replaced} is there already.`, 'Try again in a second.');
    moveAside(path, replaced);
    mkdirSync(path, { mode: 0o700 });
    // Root's lock is for the path, and the one of another user is in the folder.
    const other = worker === undefined ? lockFolder(path, worker) : undefined;
    return new RestoreFolder(path, {
      worker,
      locks: other === undefined ? [lock] : [lock, other],
      before: { movedTo: replaced },
    });
  }

  /** Gives it to the server's user, and lets a server start on it. */
  finish(): void {
    if (this.#worker !== undefined) this.#give(this.#worker);
    finishRestore(this.path);
    if (this.#worker !== undefined) giveFolder(this.path, this.#worker);
    for (const lock of this.#locks) lock.release();
  }

  /** Where the store went that was there before. */
  get replaced(): string | undefined {
    return typeof this.#before === 'object' && 'movedTo' in this.#before ? this.#before.movedTo : undefined;
  }

  /** Undoes what `open` did; the restore has removed what it wrote. */
  giveUp(): void {
    if (typeof this.#before === 'object' && 'owner' in this.#before) {
      if (this.#worker !== undefined) giveFolder(this.path, this.#before.owner);
    } else {
      rmSync(this.path, { recursive: true, force: true });
      if (this.replaced !== undefined) renameSync(this.replaced, this.path);
    }
    for (const lock of this.#locks) lock.release();
  }

  #give({ uid, gid }: User): void {
    for (const name of readdirSync(this.path, { recursive: true, encoding: 'utf8' }))
      if (name !== restoringFile) lchownSync(join(this.path, name), uid, gid);
  }
}

interface FolderParts {
  readonly worker: User | undefined;
  readonly locks: readonly FolderLock[];
  /** The owner of the empty folder; where the one went that was not empty; or that there was none. */
  readonly before: { readonly owner: User } | { readonly movedTo: string } | 'nothing';
}

interface Locked {
  readonly worker: User | undefined;
  readonly lock: FolderLock;
  readonly nowMs: number;
}

type Use = 'empty' | 'leftover' | 'holds';

/** Only a folder of this process's user can be a leftover of ours: another user could name any file so. */
function useOf(path: string, isOwn: boolean): Use {
  const names = readdirSync(path);
  if (names.every((name) => name === lockName)) return 'empty';
  return isOwn && names.includes(restoringFile) && names.every((name) => written.has(name)) ? 'leftover' : 'holds';
}

/** Makes an empty folder this process's own, and removes what a restore left that was killed. */
function takeEmpty(path: string, isLeftover: boolean): void {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    if (process.geteuid?.() === 0) fchownSync(descriptor, 0, 0);
    fchmodSync(descriptor, 0o700);
  } finally {
    closeSync(descriptor);
  }
  // Looked at again, for the owner before may have put something there.
  const names = readdirSync(path).filter((name) => name !== lockName);
  if (!isLeftover && names.length > 0) throw holdsSomething(path);
  for (const name of names) rmSync(join(path, name), { recursive: true, force: true });
}

function giveFolder(path: string, { uid, gid }: User): void {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  const descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    fchownSync(descriptor, uid, gid);
  } finally {
    closeSync(descriptor);
  }
}

function moveAside(path: string, replaced: string): void {
  try {
    renameSync(path, replaced);
  } catch (error) {
    // The folder that a container's volume is, for example (rename(2), EBUSY).
    const cause = error instanceof Error ? error.message : String(error);
    const remedy = 'Move what is in it to another folder yourself, and run the command without --replace.';
    throw new CommandFailed(`${path} cannot be moved aside: ${cause}. Nothing was changed.`, remedy);
  }
}

function redirectable(data: string, others: string): CommandFailed {
  return new CommandFailed(
    `The folder ${data} is in one where ${others} could lead root elsewhere, so root restores nothing there.`,
    'Choose a --data in a folder that only root can change, or run the command as the user of that folder.',
  );
}

function anothersFolder(path: string, uid: number): CommandFailed {
  const remedy = "Choose another --data, run the command as that user, or name the server's user with --user.";
  return new CommandFailed(`${path} belongs to uid ${uid}.`, remedy);
}

function holdsSomething(path: string): CommandFailed {
  const remedy = 'Choose another --data, or move the folder aside with --replace.';
  return new CommandFailed(`${path} is not empty, and a restore overwrites nothing.`, remedy);
}

function inUse(path: string): CommandFailed {
  return new CommandFailed(`A server uses ${path}, or another restore.`, 'Stop it, or choose another --data.');
}

import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { FabricFailed, messageOf } from './failed.ts';
import { endFile, rootFolder, type Place } from './place.ts';

/** Workloads see the fabric's folder, but not what is in `control`. */
const stateFile = 'control/state.json';
const lockFile = 'control/lock';
const logFile = 'control/log';
const logBytesMax = 1024 * 1024;
const sqliteBusy = 5;

/** The files of a running fabric, and the lock by which one process at a time works on it. */
export class RunFolder implements Disposable {
  readonly place: Place;
  /** Whether there was no folder before. */
  readonly isNew: boolean;
  readonly #lock: DatabaseSync;
  readonly #lockInode: number;

  private constructor(place: Place, { lock, isNew }: { readonly lock: DatabaseSync; readonly isNew: boolean }) {
    this.place = place;
    this.isNew = isNew;
    this.#lock = lock;
    this.#lockInode = lockInode(place);
  }

  /**
   * Makes the folder where it is missing, and takes its lock, which the kernel gives back also after `kill -9`.
   * @throws {FabricFailed} when another process has the lock
   */
  static open(place: Place): RunFolder {
    // Workloads with other uids read their resolv.conf and roots here; the names in it are no secret.
    if (place.isRoot) ownFolder(rootFolder, 0o711);
    const isNew = !isThere(place.folder);
    ownFolder(place.folder, place.isRoot ? 0o711 : 0o700);
    ownFolder(join(place.folder, 'control'), 0o700);
    const lock = openLock(place);
    try {
      lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
      rmSync(join(place.folder, endFile), { force: true });
      return new RunFolder(place, { lock, isNew });
    } catch (error) {
      lock.close();
      if (!(error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy)) {
        throw unwritten(place.folder, error);
      }
      throw new FabricFailed(
        `Another "postern net" already works on the fabric of this server (${place.folder}).`,
        'See it with "postern net status", or end it with "postern net down".',
      );
    }
  }

  /** Whether its lock still keeps other processes out: the folder may have been removed. */
  get isHeld(): boolean {
    return this.#lockInode !== 0 && lockInode(this.place) === this.#lockInode;
  }

  path(name: string): string {
    return join(this.place.folder, name);
  }

  /**
   * Writes a file whole or not at all.
   * @throws {FabricFailed} when it cannot be written
   */
  write(name: string, contents: string, mode = 0o644): void {
    const unfinished = this.path(`${name}.unfinished`);
    try {
      rmSync(unfinished, { force: true });
      writeFileSync(unfinished, contents, { mode, flag: 'wx' });
      chmodSync(unfinished, mode);
      renameSync(unfinished, this.path(name));
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw unwritten(this.place.folder, error);
    }
  }

  /** Adds a line to the log. The log before it is kept once it is long. */
  log(line: string): void {
    const path = logPathOf(this.place);
    try {
      if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) renameSync(path, `${path}.old`);
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch {
      // Networks must not end because a disk is full.
    }
  }

  /** @throws {FabricFailed} when it cannot be written: nothing is changed then that a kill would leave unknown */
  writeState(state: unknown): void {
    this.write(stateFile, JSON.stringify(state), 0o600);
  }

  /** The state that the last reconciler left; `undefined` if it left nothing that can be read. */
  readState(): unknown {
    try {
      return JSON.parse(readFileSync(this.path(stateFile), 'utf8'));
    } catch {
      return undefined;
    }
  }

  /** Tells the launchers of workloads, which see the folder, why they are ended. */
  announceEnd(): void {
    try {
      writeFileSync(join(this.place.folder, endFile), '');
    } catch {
      // It was removed with the data folder.
    }
  }

  /** Removes the folder with everything in it, and gives the lock back. */
  remove(): void {
    rmSync(this.place.folder, { recursive: true, force: true });
    if (this.place.isRoot) removeIfEmpty(rootFolder);
    this.#lock.close();
  }

  [Symbol.dispose](): void {
    if (this.#lock.isOpen) this.#lock.close();
  }
}

/** How often a reconciler looks whether its folder is still there. */
export const lookForFolderMs = 300;
/** How long the removal of a data folder may take, on a busy machine too. */
const removalMs = 1_500;

/** Why a fabric ends without its server's data folder. */
export function serverGone({ dataFolder }: Place): FabricFailed {
  return new FabricFailed(
    `The server's data folder is gone (${dataFolder}), so that the networks are removed.`,
    'Start the server again, and build them with "postern net up".',
  );
}

/** Waits for the end of a folder that is being removed, if it is. */
export async function untilGone(folder: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < removalMs && existsSync(folder); waitedMs += lookForFolderMs) {
    await sleep(lookForFolderMs);
  }
}

/** Resolves when a reconciler whose folder was removed has seen it and has ended. */
export async function othersEnd(): Promise<void> {
  await sleep(2 * lookForFolderMs + removalMs);
}

/** Whether there is something of a fabric that a reconciler left behind. */
export function isThere(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
}

/** Where a fabric writes what it does, and why it ended. */
export function logPathOf({ folder }: Place): string {
  return join(folder, logFile);
}

/** 0 when there is none. */
function lockInode({ folder }: Place): number {
  return lstatSync(join(folder, lockFile), { throwIfNoEntry: false })?.ino ?? 0;
}

function unwritten(folder: string, error: unknown): FabricFailed {
  const message = messageOf(error);
  const isFull = /ENOSPC|EDQUOT|database or disk is full/.test(message);
  return new FabricFailed(
    `The files of the fabric cannot be written (${folder}): ${message}`,
    isFull ? 'Its disk is full: make room on it.' : 'Its disk must have room, and be writable for this user.',
  );
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Another fabric has its folder there.
  }
}

function openLock({ folder }: Place): DatabaseSync {
  try {
    return new DatabaseSync(join(folder, lockFile));
  } catch (error) {
    throw unwritten(folder, error);
  }
}

function ownFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
      throw unwritten(path, error);
    }
  }
  const found = lstatSync(path);
  if (!found.isDirectory() || found.uid !== process.geteuid?.()) {
    throw new FabricFailed(`${path} is not a folder of this user's (uid ${process.geteuid?.()}).`, 'Remove it.');
  }
  try {
    if ((found.mode & 0o777) !== mode) chmodSync(path, mode);
  } catch (error) {
    throw unwritten(path, error);
  }
}

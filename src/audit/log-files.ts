import { closeSync, mkdirSync, openSync } from 'node:fs';
import { LogFile, syncFd, Unconfirmed } from './log-file.ts';
import type { FileState } from './log-file.ts';
import { asideNumbers, discardFresh, logFile, openFresh, openLogFile, putInPlace, roomIn } from './rotation.ts';
import type { Retention } from './rotation.ts';
import { cutTornTail, recordIdsBackward } from './tail.ts';

export interface LogFilesSettings extends Retention {
  /** Used as given, and kept relative if it is: the process may have lost the right to reach it from the root. */
  readonly directory: string;
  /** The size at which a file is put aside. */
  readonly maxBytes: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
}

/**
 * So much is kept in memory, to be written again if the file turns out to be missing; more would load the garbage
 * collector.
 */
const unseenMax = 1 << 16;

/** A failed rotation is tried again when the file has grown by this fraction of `maxBytes`. */
const rotationRetry = 1 / 16;

/** The operator is warned when the disk has room for fewer files than this. */
const lowRoomFiles = 4;

/**
 * The files of the log. What was written is in a file that can be found by its name, or is written again: other
 * programs may move, remove or cut the file (as logrotate does), and an fsync may fail.
 */
export class LogFiles {
  readonly #settings: LogFilesSettings;
  readonly #letGo: () => void;
  readonly #path: string;
  #directoryFd: number;
  #directoryChanged = true;
  #file: LogFile;
  #rotateAt: number;
  /** Files put aside whose contents may not have reached the disk yet. */
  #aside: LogFile[] = [];
  readonly #unconfirmed = new Unconfirmed();
  /** The lines written to a file that is gone; they are written again first. */
  #owed: { readonly bytes: Uint8Array; readonly untilSynced: boolean }[] = [];
  /** Why the last fsync failed, until everything that it left uncertain was written again. */
  #doubt: Error | undefined;

  /** `letGo` is called when `sync` should be called to close files that were put aside. */
  constructor(settings: LogFilesSettings, letGo: () => void) {
    this.#settings = settings;
    this.#letGo = letGo;
    this.#path = logFile(settings.directory, 0);
    const { file, directoryFd } = openFolder(settings);
    this.#file = file;
    this.#directoryFd = directoryFd;
    this.#rotateAt = settings.maxBytes;
  }

  /** Whether an fsync failed; only `sync` can repair that. */
  get doubted(): boolean {
    return this.#doubt !== undefined;
  }

  /** Adds whole lines, all or none. `untilSynced`: a caller waits until they are on the disk. */
  write(bytes: Uint8Array, untilSynced: boolean): void {
    this.#assertCertain();
    if (this.#unconfirmed.unseenBytes > unseenMax) this.look();
    if (this.#file.size > 0 && this.#file.size + bytes.length > this.#rotateAt) this.#rotate();
    this.#write(bytes, untilSynced);
  }

  /** Returns if there will probably be room for lines, otherwise throws. */
  tryRoom(): void {
    this.look();
    this.#file.tryRoom();
  }

  /** Makes sure that what was written is in files that can be found, and that what comes next will be. */
  look(): void {
    this.#assertCertain();
    const state = this.#file.stateAt(this.#path);
    if (state === 'inPlace') this.#unconfirmed.seen();
    else this.#replaceFile(state);
    for (let [owed] = this.#owed; owed !== undefined; [owed] = this.#owed) {
      this.#write(owed.bytes, owed.untilSynced);
      this.#owed.shift();
    }
  }

  /** Resolves when everything written before the call would survive a power failure. Do not call it while it runs. */
  async sync(): Promise<void> {
    if (this.#doubt !== undefined) await this.#writeAgain();
    this.look();
    const synced = this.#unconfirmed.synced();
    const aside = [...this.#aside];
    try {
      for (const file of [...aside, this.#file]) await file.sync();
      await this.#syncDirectory();
    } catch (error) {
      this.#doubt = error instanceof Error ? error : new Error(String(error));
      await this.#writeAgain();
      return;
    }
    this.#aside = this.#aside.filter((file) => !aside.includes(file));
    for (const file of aside) file.close();
    synced();
  }

  /** The record ids in all files that are kept, the last one first. */
  *recordIds(): Generator<string> {
    const { directory } = this.#settings;
    for (const number of [0, ...asideNumbers(directory)]) yield* recordIdsBackward(logFile(directory, number));
  }

  close(): void {
    for (const file of [...this.#aside, this.#file]) file.close();
    closeSync(this.#directoryFd);
  }

  #assertCertain(): void {
    if (this.#doubt !== undefined) throw this.#doubt;
  }

  #write(bytes: Uint8Array, untilSynced: boolean): void {
    this.#file.append(bytes);
    this.#unconfirmed.add(bytes, this.#file, untilSynced);
  }

  #replaceFile(state: Exclude<FileState, 'inPlace'>): void {
    const { maxBytes, notice } = this.#settings;
    const lost = this.#file;
    if (state === 'shorter') {
      lost.cutToLastLine();
      this.#owed.push(...this.#unconfirmed.take(lost));
      notice(`The audit log ${this.#path} was cut by another program; writing goes on at its end.`);
      return;
    }
    // All of it before anything changes: after a failure halfway, what went into the lost file would count as seen.
    const { file, directoryFd } = openFolder(this.#settings);
    closeSync(this.#directoryFd);
    this.#directoryFd = directoryFd;
    this.#file = file;
    this.#directoryChanged = true;
    this.#rotateAt = maxBytes;
    if (state === 'removed') {
      this.#owed.push(...this.#unconfirmed.take(lost));
      lost.close();
    } else {
      this.#aside.push(lost);
      this.#letGo();
    }
    notice(`The audit log's file was ${state} by another program; writing goes on in ${this.#path}.`);
  }

  #rotate(): void {
    const { directory, maxBytes, now, notice } = this.#settings;
    this.#file.cutTorn();
    let fresh: LogFile;
    try {
      fresh = new LogFile(openFresh(directory));
      try {
        putInPlace(directory, this.#settings, now());
      } catch (error) {
        fresh.close();
        discardFresh(directory);
        throw error;
      }
    } catch (error) {
      this.#rotateAt = this.#file.size + maxBytes * rotationRetry;
      notice(`The audit log's file is full and cannot be put aside; it keeps growing: ${String(error)}`);
      return;
    }
    this.#aside.push(this.#file);
    this.#file = fresh;
    this.#rotateAt = maxBytes;
    this.#directoryChanged = true;
    this.#letGo();
    const room = roomIn(directory);
    if (room < lowRoomFiles * maxBytes) notice(lowRoom(this.#settings, room));
  }

  async #syncDirectory(): Promise<void> {
    if (!this.#directoryChanged) return;
    await syncFd(this.#directoryFd);
    this.#directoryChanged = false;
  }

  /**
   * After a failed fsync the kernel considers the pages written, and the next fsync succeeds whatever is on the disk
   * (fsync(2), NOTES; Rebello et al., "Can applications recover from fsync failures?", 2020). So what may not be on the
   * disk is written to a new file.
   */
  async #writeAgain(): Promise<void> {
    const { directory, now, notice } = this.#settings;
    const doubted = [...this.#aside, this.#file];
    const fresh = new LogFile(openFresh(directory));
    let whole = true;
    try {
      for (const file of doubted) whole = whole && (await file.copyUnsynced(fresh));
      if (!whole) {
        fresh.empty();
        for (const file of doubted) for (const bytes of this.#unconfirmed.of(file)) fresh.append(bytes);
      }
      await fresh.sync();
      putInPlace(directory, this.#settings, now());
      this.#directoryChanged = true;
      await this.#syncDirectory();
    } catch (error) {
      fresh.close();
      discardFresh(directory);
      throw error;
    }
    if (!whole)
      notice('The audit log lost records of reads that were not on the disk yet; no record of a change is lost.');
    for (const file of doubted) {
      this.#unconfirmed.take(file);
      if (whole) file.dropUnsynced();
      file.close();
    }
    this.#aside = [];
    this.#file = fresh;
    this.#doubt = undefined;
  }
}

/** Opens the current file and its folder, or neither. */
function openFolder(settings: LogFilesSettings): { readonly file: LogFile; readonly directoryFd: number } {
  const file = openCurrent(settings);
  try {
    return { file, directoryFd: openSync(settings.directory, 'r') };
  } catch (error) {
    file.close();
    throw error;
  }
}

function openCurrent({ directory, notice }: LogFilesSettings): LogFile {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const fd = openLogFile(logFile(directory, 0));
  const torn = cutTornTail(fd);
  if (torn > 0) notice(`The audit log ended in an unfinished line; its ${torn} bytes were cut off.`);
  return new LogFile(fd);
}

function lowRoom({ directory, files, keepMs }: LogFilesSettings, room: number): string {
  const days = Math.round(keepMs / 86_400_000);
  return (
    `The disk of the audit log in ${directory} has ${Math.floor(room / (1 << 20))} MiB left, and every file is either ` +
    `younger than ${days} days or one of the last ${files}: when it is full, requests are refused. ` +
    'Free space, move old files away, or lower audit.keepDays.'
  );
}

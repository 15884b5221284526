import { closeSync, fstatSync, fsync, ftruncateSync, read, statSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { cutTornTail } from './tail.ts';

/** A file system allocates space in blocks, usually of 4 KiB: writing so much shows whether there is room. */
const trial = Buffer.alloc(4096, ' ');

const chunkBytes = 1 << 20;
const newline = 0x0a;

/**
 * The state of a file that was opened as `path`. `shorter`: another program cut it in place (logrotate's `copytruncate`).
 */
export type FileState = 'inPlace' | 'shorter' | 'moved' | 'removed';

/** Resolves when the contents of the descriptor's file would survive a power failure. */
export function syncFd(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** A file of the log, open for appending. Writing blocks the thread, for a copy into the page cache. */
export class LogFile {
  readonly #fd: number;
  #size: number;
  /** Everything before this position is on the disk, except perhaps what was there at the start. */
  #syncedTo = 0;
  /** The length to which the file must be cut before anything else is written, because a write failed halfway. */
  #cutTo: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
  }

  get size(): number {
    return this.#size;
  }

  /** All or nothing: the part of `bytes` that a full disk accepted is cut off again. */
  append(bytes: Uint8Array): void {
    this.cutTorn();
    let done = 0;
    try {
      while (done < bytes.length) {
        const written = writeSync(this.#fd, bytes, done);
        if (written === 0) throw new Error('the file takes no more bytes');
        done += written;
      }
    } catch (error) {
      this.#cutBack(done);
      throw error;
    }
    this.#size += done;
  }

  /** Throws if there is no room; leaves nothing behind. */
  tryRoom(): void {
    this.append(trial);
    this.#cutBack(trial.length);
  }

  /** Cuts off half a line that a failed write left. */
  cutTorn(): void {
    if (this.#cutTo !== undefined) this.#cut(this.#cutTo);
  }

  stateAt(path: string): FileState {
    const own = fstatSync(this.#fd);
    const there = statSync(path, { throwIfNoEntry: false });
    if (there === undefined || there.ino !== own.ino || there.dev !== own.dev) {
      return own.nlink === 0 ? 'removed' : 'moved';
    }
    return own.size < this.#size ? 'shorter' : 'inPlace';
  }

  /** Takes over the file's real size, after another program has cut it. */
  cutToLastLine(): void {
    cutTornTail(this.#fd);
    this.#cutTo = undefined;
    this.#size = fstatSync(this.#fd).size;
    this.#syncedTo = Math.min(this.#syncedTo, this.#size);
  }

  empty(): void {
    this.#cut(0);
    this.#syncedTo = 0;
  }

  /** Resolves when everything written before the call would survive a power failure. */
  async sync(): Promise<void> {
    const size = this.#size;
    await syncFd(this.#fd);
    this.#syncedTo = size;
  }

  /**
   * Appends to `other` what may not be on the disk here: whole lines, as the kernel still has them in memory. False if
   * it does not have them any more; then nothing is known about what was appended.
   */
  async copyUnsynced(other: LogFile): Promise<boolean> {
    let last = newline;
    for (let position = this.#syncedTo; position < this.#size;) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, this.#size - position));
      const { bytesRead } = await readAt(this.#fd, chunk, 0, chunk.length, position);
      // File systems return zeros for pages that they lost; no line has one (RFC 8259 section 7).
      if (bytesRead === 0 || chunk.subarray(0, bytesRead).includes(0)) return false;
      other.append(chunk.subarray(0, bytesRead));
      last = chunk[bytesRead - 1] ?? 0;
      position += bytesRead;
    }
    return last === newline;
  }

  /** Keeps only what is certainly on the disk: the rest was written elsewhere. */
  dropUnsynced(): void {
    if (this.#syncedTo < this.#size) this.#cut(this.#syncedTo);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #cutBack(bytes: number): void {
    if (bytes === 0) return;
    // The file's real size: another program may have emptied it meanwhile.
    this.#cutTo = fstatSync(this.#fd).size - bytes;
    this.#cut(this.#cutTo);
  }

  #cut(length: number): void {
    ftruncateSync(this.#fd, length);
    this.#cutTo = undefined;
    this.#size = length;
  }
}

const readAt = promisify(read);

interface Written {
  readonly bytes: Uint8Array;
  readonly file: LogFile;
  /** Written after the file was last seen under its name. */
  unseen: boolean;
  /** A caller waits for it to reach the disk. */
  unsynced: boolean;
}

/**
 * A copy in memory of what was written to a file that may have been removed: if it was, this is written again. The
 * caller limits its size by looking for the file after so many bytes, and by waiting for the disk.
 */
export class Unconfirmed {
  #written: Written[] = [];
  #unseenBytes = 0;

  get unseenBytes(): number {
    return this.#unseenBytes;
  }

  add(bytes: Uint8Array, file: LogFile, untilSynced: boolean): void {
    this.#written.push({ bytes, file, unseen: true, unsynced: untilSynced });
    this.#unseenBytes += bytes.length;
  }

  /** Call it when the files with everything that was written have been seen under their names. */
  seen(): void {
    this.#unseenBytes = 0;
    if (this.#written.length === 0) return;
    for (const one of this.#written) one.unseen = false;
    this.#written = this.#written.filter(({ unsynced }) => unsynced);
  }

  /** Call it before a sync, and what it returns after the sync has succeeded. */
  synced(): () => void {
    const before = new Set(this.#written);
    return () => {
      for (const one of before) one.unsynced = false;
      this.#written = this.#written.filter(({ unseen, unsynced }) => unseen || unsynced);
    };
  }

  /** The copies of what was written to `file`. */
  of(file: LogFile): readonly Uint8Array[] {
    return this.#written.filter((one) => one.file === file).map(({ bytes }) => bytes);
  }

  /** Removes and returns what was written to `file` and must be written again. */
  take(file: LogFile): readonly { readonly bytes: Uint8Array; readonly untilSynced: boolean }[] {
    const lost = this.#written.filter((one) => one.file === file);
    this.#written = this.#written.filter((one) => one.file !== file);
    this.#unseenBytes = this.#written.reduce((sum, { bytes, unseen }) => sum + (unseen ? bytes.length : 0), 0);
    return lost.map(({ bytes, unsynced }) => ({ bytes, untilSynced: unsynced }));
  }
}

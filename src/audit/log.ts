import { closeSync, fstatSync, fsync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { logFile, openLogFile, rotate } from './rotation.ts';
import { cutTornTail, recordIdsBackward } from './tail.ts';

export interface AuditLogSettings {
  /** Taken as given, and kept relative if it is: the process may have lost the right to reach it from the root. */
  readonly directory: string;
  /** Size at which a file is put aside. */
  readonly maxBytes: number;
  /** How many files that were put aside are kept, at least 1. */
  readonly files: number;
  /** Whether `append` also waits until its record would survive a loss of power. */
  readonly fsync: boolean;
  /** Told what an operator should know, in a sentence. */
  readonly notice: (message: string) => void;
}

/** JSON lines, in the order of the calls. */
export interface AuditLog {
  /**
   * Adds a line (a JSON text, without the line's end). Fulfilled when the operating system has it, and with the setting
   * `fsync` when the disk has it.
   * @throws {AuditUnavailable}
   */
  append(line: string): Promise<void>;

  /**
   * Adds lines, all or none. Fulfilled when the operating system has them, whatever the setting.
   * @throws {AuditUnavailable}
   */
  write(lines: readonly string[]): Promise<void>;

  /**
   * Fulfilled when everything written before the call would survive a loss of power. Calls made while the disk is busy
   * share the next turn.
   * @throws {AuditUnavailable}
   */
  sync(): Promise<void>;

  /**
   * Returns if the last write succeeded, or a trial does now: lines can be expected to find room.
   * @throws {AuditUnavailable}
   */
  assertWritable(): void;

  /** The record ids in everything that is kept, the last one first. */
  recordIds(): Iterable<string>;

  /** Writes what was accepted, and closes; later calls are refused. */
  close(): Promise<void>;
}

/** The audit log cannot be written, so nothing may be disclosed or changed. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
}

/** The lines accepted in this turn of the event loop, which will be written together. */
interface Turn {
  readonly lines: string[];
  readonly written: PromiseWithResolvers<void>;
  accepted: Promise<void> | undefined;
}

const fsyncOf = promisify(fsync);

/** A file system hands out space in blocks, of 4 KiB as a rule: writing that much shows whether there is any. */
const trial = Buffer.alloc(4096, ' ');

/** A failed rotation is tried again when the file has grown by this part of `maxBytes`. */
const rotationRetry = 1 / 16;

/** Opens the log, and makes its folder and file if need be. What is left of a line that was never finished is cut off. */
export function openAuditLog(settings: AuditLogSettings): AuditLog {
  mkdirSync(settings.directory, { recursive: true, mode: 0o700 });
  const fd = openLogFile(logFile(settings.directory, 0));
  const torn = cutTornTail(fd);
  if (torn > 0) settings.notice(`The audit log ended in an unfinished line; its ${torn} bytes were cut off.`);
  return new FolderLog(settings, fd);
}

/**
 * The log as files in a folder, of which this process must be the only writer.
 *
 * Writing blocks the thread: it is a copy into the page cache, cheaper than the way to the thread pool and back.
 */
class FolderLog implements AuditLog {
  readonly #settings: AuditLogSettings;
  readonly #directoryFd: number;
  #fd: number;
  #size: number;
  #rotateAt: number;
  #turn: Turn | undefined;
  /** Length to which the file must be cut before anything else is written: a write failed half-way. */
  #cutTo: number | undefined;
  #failure: Error | undefined;
  #closed = false;
  /** Files put aside whose contents may not have reached the disk yet. */
  #aside: number[] = [];
  #directoryChanged = true;
  #lastSync: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  constructor(settings: AuditLogSettings, fd: number) {
    this.#settings = settings;
    this.#fd = fd;
    this.#directoryFd = openSync(settings.directory, 'r');
    this.#size = fstatSync(fd).size;
    this.#rotateAt = settings.maxBytes;
  }

  append(line: string): Promise<void> {
    if (this.#closed) return Promise.reject(closed());
    const turn = this.#currentTurn();
    turn.lines.push(line);
    turn.accepted ??= this.#settings.fsync ? turn.written.promise.then(() => this.sync()) : turn.written.promise;
    return turn.accepted;
  }

  write(lines: readonly string[]): Promise<void> {
    if (this.#closed) return Promise.reject(closed());
    if (lines.length === 0) return Promise.resolve();
    const turn = this.#currentTurn();
    turn.lines.push(...lines);
    return turn.written.promise;
  }

  sync(): Promise<void> {
    this.#nextSync ??= this.#lastSync.then(() => {
      this.#nextSync = undefined;
      const syncing = this.#syncFiles();
      this.#lastSync = syncing.catch(() => undefined);
      return syncing;
    });
    return this.#nextSync;
  }

  assertWritable(): void {
    if (this.#closed) throw closed();
    if (this.#failure === undefined) return;
    try {
      this.#writeWhole(trial);
      this.#cutBack(trial.length);
    } catch (error) {
      throw this.#unavailable(error);
    }
    this.#healed();
  }

  *recordIds(): Generator<string> {
    const { directory, files } = this.#settings;
    for (let number = 0; number <= files; number += 1) yield* recordIdsBackward(logFile(directory, number));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    try {
      await this.sync();
    } finally {
      closeSync(this.#fd);
      closeSync(this.#directoryFd);
    }
  }

  #currentTurn(): Turn {
    if (this.#turn === undefined) {
      this.#turn = { lines: [], written: Promise.withResolvers<void>(), accepted: undefined };
      // After the callbacks of this turn's sockets, so that their records share a write.
      setImmediate(() => this.#flush());
    }
    return this.#turn;
  }

  #flush(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    try {
      const bytes = Buffer.from(`${turn.lines.join('\n')}\n`);
      if (this.#size > 0 && this.#size + bytes.length > this.#rotateAt) this.#rotate();
      this.#writeWhole(bytes);
    } catch (error) {
      turn.written.reject(this.#unavailable(error));
      return;
    }
    this.#healed();
    turn.written.resolve();
  }

  /** All or nothing: what a full disk took of `bytes` is cut off again. */
  #writeWhole(bytes: Uint8Array): void {
    if (this.#cutTo !== undefined) this.#cut(this.#cutTo);
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

  #cutBack(bytes: number): void {
    if (bytes === 0) return;
    // The file's own word for its size: an operator may have emptied it under us.
    this.#cutTo = fstatSync(this.#fd).size - bytes;
    this.#cut(this.#cutTo);
  }

  #cut(length: number): void {
    ftruncateSync(this.#fd, length);
    this.#cutTo = undefined;
    this.#size = length;
  }

  #rotate(): void {
    const { directory, maxBytes, files, notice } = this.#settings;
    // Half a line goes no further.
    if (this.#cutTo !== undefined) this.#cut(this.#cutTo);
    let fresh: number;
    try {
      fresh = rotate(directory, files);
    } catch (error) {
      this.#rotateAt = this.#size + maxBytes * rotationRetry;
      notice(`The audit log's file is full and cannot be put aside; it grows on: ${String(error)}`);
      return;
    }
    this.#aside.push(this.#fd);
    this.#fd = fresh;
    this.#size = 0;
    this.#rotateAt = maxBytes;
    this.#directoryChanged = true;
    // Lets go of the file; a failure has been said.
    this.sync().catch(() => undefined);
  }

  async #syncFiles(): Promise<void> {
    const aside = this.#aside;
    const current = this.#fd;
    this.#aside = [];
    try {
      for (const fd of aside) await fsyncOf(fd);
      await fsyncOf(current);
      if (this.#directoryChanged) {
        this.#directoryChanged = false;
        await fsyncOf(this.#directoryFd);
      }
    } catch (error) {
      this.#directoryChanged = true;
      const unavailable = this.#describe(error);
      this.#settings.notice(unavailable.message);
      throw unavailable;
    } finally {
      for (const fd of aside) closeSync(fd);
    }
  }

  #unavailable(error: unknown): AuditUnavailable {
    const unavailable = this.#describe(error);
    if (this.#failure === undefined) this.#settings.notice(unavailable.message);
    this.#failure = unavailable;
    return unavailable;
  }

  #healed(): void {
    if (this.#failure !== undefined) this.#settings.notice('The audit log can be written again.');
    this.#failure = undefined;
  }

  #describe(cause: unknown): AuditUnavailable {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { directory } = this.#settings;
    return new AuditUnavailable(
      `The audit log in ${directory} cannot be written (${reason}): requests are refused until it can. ` +
        'Free space on that disk, or give the folder back to the user that Postern runs as.',
      { cause },
    );
  }
}

function closed(): AuditUnavailable {
  return new AuditUnavailable('The audit log is closed: Postern is stopping.');
}

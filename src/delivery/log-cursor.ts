import { closeSync, fstatSync, readSync } from 'node:fs';
import { openToRead } from './log-folder.ts';
import type { FileId, ListedFile, LogFolder } from './log-folder.ts';

/** A place in the log: everything before it is delivered. */
export interface LogPosition {
  readonly file: FileId;
  readonly offset: number;
}

/** Whole lines of one file. */
export interface LogPart {
  readonly bytes: Buffer;
  readonly from: LogPosition;
  readonly to: LogPosition;
}

/** Records that can no longer be read. */
export interface LogGap {
  /** ISO 8601; empty where it is not known. */
  readonly fromTime: string;
  readonly toTime: string;
  /** Absent where the file is gone. */
  readonly bytes?: number;
}

const newline = 0x0a;

/** A longer line is not a record: the server cuts what a client sends. */
const lineBytesMax = 256 << 10;

/**
 * Reads the log from a position on, through all of its files. An open file stays readable, whatever another program or a
 * rotation does with its name.
 */
export class LogCursor {
  readonly #folder: LogFolder;
  #position: LogPosition | undefined;
  /** Where to begin without a position: at the first file that was written to since then, milliseconds since 1970. */
  readonly #sinceMs: number;
  /** Whether the position was at the end of all that was written. */
  readonly #wasAtEnd: boolean;
  #open: { readonly descriptor: number; readonly inode: number; readonly id: FileId } | undefined;
  #gap: LogGap | undefined;
  /** The size of the open file at the last look. */
  #sizeSeen = 0;

  constructor(
    folder: LogFolder,
    start: { readonly position?: LogPosition | undefined; readonly sinceMs: number; readonly wasAtEnd?: boolean },
  ) {
    this.#folder = folder;
    this.#position = start.position;
    this.#sinceMs = start.sinceMs;
    this.#wasAtEnd = start.wasAtEnd ?? false;
  }

  /** `undefined` as long as the log is empty. */
  get position(): LogPosition | undefined {
    return this.#position;
  }

  /** The file of the position. */
  get #own(): ListedFile | undefined {
    return this.#folder.files.find(({ inode, id }) =>
      this.#open === undefined ? id !== undefined && id.head === this.#position?.file.head : inode === this.#open.inode,
    );
  }

  /** The files that are not read to their end, this one first. */
  get ahead(): readonly ListedFile[] {
    const { files } = this.#folder;
    const own = this.#own;
    if (own !== undefined) return files.slice(files.indexOf(own));
    if (this.#position === undefined) return files.slice(files.findIndex((file) => file === this.#first()));
    return files.slice(this.#successor()?.index ?? files.length);
  }

  /** Bytes of the log that were written at the last look and are not passed. */
  get behindBytes(): number {
    const { ahead } = this;
    const isBegun = ahead[0] !== undefined && ahead[0] === this.#own;
    return ahead.reduce((sum, { size }) => sum + size, isBegun ? -(this.#position?.offset ?? 0) : 0);
  }

  /** Whether everything that was written at the last look was read. */
  get isAtEnd(): boolean {
    const [own, next] = this.ahead;
    return own === undefined || (next === undefined && own.size === (this.#position?.offset ?? 0));
  }

  /** The records that were found missing since the last call. */
  takeGap(): LogGap | undefined {
    const gap = this.#gap;
    this.#gap = undefined;
    return gap;
  }

  /**
   * The next whole lines, at most so many bytes, which must be no fewer than `lineBytesMax`; `undefined` if there are none
   * yet. Moves on with `advance` only.
   */
  next(bytesMax: number): LogPart | undefined {
    for (;;) {
      const open = (this.#open ??= this.#find());
      if (open === undefined || this.#position === undefined) return undefined;
      const listed = this.#listed();
      // Another program cut it.
      if (listed !== undefined && listed.size < this.#position.offset) {
        this.#position = { ...this.#position, offset: listed.size };
      }
      const position = this.#position;
      const part = this.#read(position, Math.min(bytesMax, this.#readable(listed) - position.offset), open.descriptor);
      if (part !== undefined) return part;
      // The rest of a file that is put aside is half a line that a crash left, or nothing.
      if (listed?.number === 0 || !this.#moveOn()) return undefined;
    }
  }

  /** Call it when the part that ends there is delivered, or passed over. */
  advance(to: LogPosition): void {
    this.#position = to;
  }

  /** Gives up what is not read of the file; returns what that was. */
  skipFile(): LogGap | undefined {
    const [own] = this.ahead;
    const position = this.#position;
    if (own === undefined || position === undefined || !this.#moveOn()) return undefined;
    const bytes = own.size - position.offset;
    return { fromTime: own.id?.firstTime ?? '', toTime: this.#position?.file.firstTime ?? '', bytes };
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor);
    this.#open = undefined;
  }

  /** The open file under the name that it has now; `undefined` if it has none, or another content (`copytruncate`). */
  #listed(): ListedFile | undefined {
    return this.#folder.files.find(({ inode, id }) => inode === this.#open?.inode && id?.head === this.#open.id.head);
  }

  /** How much of the open file may be read. */
  #readable(listed: ListedFile | undefined): number {
    if (listed !== undefined) {
      this.#sizeSeen = listed.size;
      return listed.settled;
    }
    const { descriptor, inode } = this.#open ?? {};
    if (descriptor === undefined || this.#position === undefined) return 0;
    // Without a name it is whole, and still there for whoever has it open.
    if (!this.#folder.files.some((file) => file.inode === inode)) return fstatSync(descriptor).size;
    const { file, offset } = this.#position;
    const bytes = this.#sizeSeen - offset;
    if (bytes > 0) this.#gap = { fromTime: file.firstTime, toTime: this.#successor()?.file.id?.firstTime ?? '', bytes };
    this.#sizeSeen = 0;
    return 0;
  }

  /** Opens the file of the position, or the one that comes after it. */
  #find() {
    const { files } = this.#folder;
    const position = this.#position;
    if (position === undefined) {
      const first = this.#first();
      return first && this.#enter(first, 0);
    }
    const same = files.find(({ id }) => id?.head === position.file.head && id.firstTime === position.file.firstTime);
    // A power failure may have taken what was delivered already.
    if (same !== undefined) return this.#enter(same, Math.min(position.offset, same.size));
    const successor = this.#successor();
    if (successor === undefined) return undefined;
    const toTime = successor.file.id?.firstTime ?? '';
    if (!this.#wasAtEnd) this.#gap = { fromTime: position.file.firstTime, toTime };
    return this.#enter(successor.file, 0);
  }

  /** The file to begin with: its clock is the disk's, which may differ a little. */
  #first(): ListedFile | undefined {
    const { files } = this.#folder;
    return files.find(({ changedAtMs }) => changedAtMs >= this.#sinceMs - 2000) ?? files.at(-1);
  }

  #enter(file: ListedFile, offset: number) {
    if (file.id === undefined) return undefined;
    const descriptor = openToRead(file.path);
    if (descriptor === undefined) return undefined;
    if (fstatSync(descriptor).ino !== file.inode) {
      // It was renamed since the last look.
      closeSync(descriptor);
      return undefined;
    }
    this.#position = { file: file.id, offset };
    return { descriptor, inode: file.inode, id: file.id };
  }

  /** Enters the next file; false if there is none yet. */
  #moveOn(): boolean {
    const successor = this.#successor();
    const entered = successor && this.#enter(successor.file, 0);
    if (entered === undefined) return false;
    this.close();
    this.#open = entered;
    return true;
  }

  /** The file after that of the position: the next in the list, or, if it is in the list no more, the next younger one. */
  #successor(): { readonly file: ListedFile; readonly index: number } | undefined {
    const { files } = this.#folder;
    const listed = this.#listed();
    const time = this.#position?.file.firstTime ?? '';
    const index =
      listed === undefined
        ? files.findIndex(({ id }) => id !== undefined && id.firstTime > time && id.head !== this.#position?.file.head)
        : files.indexOf(listed) + 1;
    const file = files[index];
    return file?.id === undefined ? undefined : { file, index };
  }

  #read(from: LogPosition, bytesMax: number, descriptor: number): LogPart | undefined {
    if (bytesMax <= 0) return undefined;
    const buffer = Buffer.allocUnsafe(bytesMax);
    const read = buffer.subarray(0, readSync(descriptor, buffer, 0, bytesMax, from.offset));
    const end = read.lastIndexOf(newline) + 1;
    if (end > 0) return { bytes: read.subarray(0, end), from, to: { file: from.file, offset: from.offset + end } };
    if (read.length < lineBytesMax) return undefined;
    return { bytes: Buffer.alloc(0), from, to: { file: from.file, offset: from.offset + read.length } };
  }
}

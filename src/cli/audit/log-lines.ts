import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CommandFailed } from '../failed.ts';

/** An open file of the log. Its descriptor stays on it whatever name it gets. */
export interface OpenLogFile {
  readonly descriptor: number;
  readonly inode: number;
  readonly bytes: number;
}

const chunkBytes = 1 << 20;
/** A record is never nearly as long: the server cuts what a client sends. */
const lineBytesMax = 4 * chunkBytes;
const newline = 0x0a;

/**
 * Opens one file of a log, in a folder where the server's user may write: no link, which may lead to a file that only this
 * user can read, and no FIFO or device. A link in place of the folder is not followed either: that user may make one.
 */
export function openLogFile(path: string): OpenLogFile {
  return inFolder(dirname(path), (way) => {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const descriptor = openSync(join(way, basename(path)), flags);
    const found = fstatSync(descriptor);
    if (found.isFile() && found.nlink === 1) return { descriptor, inode: found.ino, bytes: found.size };
    closeSync(descriptor);
    throw new Error(`${path} is not a plain file`);
  });
}

/** Works in a folder that is not a link: on Linux by a way that leads there also when its name becomes one meanwhile. */
export function inFolder<Result>(folder: string, work: (way: string) => Result): Result {
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return work(process.platform === 'linux' ? `/proc/self/fd/${descriptor}` : folder);
  } finally {
    closeSync(descriptor);
  }
}

/** The error for a log, or a file of it, that cannot be opened. `where`: its path, or "in" its folder. */
export function unreadable(where: string, error: unknown): CommandFailed {
  const cause = error instanceof Error ? error.message : String(error);
  return new CommandFailed(
    `The audit log ${where} cannot be read: ${cause}`,
    'Give the data folder with --data DIR, as the user who started the server, or with sudo when root did.',
  );
}

/** Opens all files of a log, the oldest first. While they are opened, one may be put aside, and be seen twice. */
export function openLog(folder: string): readonly OpenLogFile[] {
  const names = inFolder(folder, (way) => readdirSync(way));
  const numbers = names.flatMap((name) => /^audit(?:\.(\d{1,9}))?\.jsonl$/.exec(name)?.slice(1) ?? []);
  const newestFirst = numbers.map((number) => Number(number ?? 0)).toSorted((one, other) => one - other);
  const files = newestFirst.flatMap((number) => {
    try {
      return [openLogFile(join(folder, number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`))];
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  });
  const once = new Map(files.map((file) => [file.inode, file]));
  for (const file of files) if (once.get(file.inode) !== file) closeSync(file.descriptor);
  return [...once.values()].toReversed();
}

/** Reads whole lines from a position on. */
export class LineReader {
  readonly #descriptor: number;
  /** One for all parts: buffers that are thrown away are given back late. */
  readonly #buffer = Buffer.allocUnsafe(lineBytesMax + chunkBytes);
  #position: number;
  /** How many bytes at the start of the buffer belong to a line that is not finished. */
  #rest = 0;

  constructor(descriptor: number, position = 0) {
    this.#descriptor = descriptor;
    this.#position = position;
  }

  get position(): number {
    return this.#position;
  }

  /** The lines of the next part of the file; `undefined` at its end, where there may be more later. */
  next(): readonly string[] | undefined {
    const read = readSync(this.#descriptor, this.#buffer, this.#rest, chunkBytes, this.#position);
    if (read === 0) return undefined;
    this.#position += read;
    const filled = this.#rest + read;
    const end = this.#buffer.lastIndexOf(newline, filled - 1) + 1;
    const lines = end === 0 ? [] : this.#buffer.toString('utf8', 0, end - 1).split('\n');
    this.#buffer.copyWithin(0, end, filled);
    // Longer than any record, it is not one.
    this.#rest = filled - end > lineBytesMax ? 0 : filled - end;
    return lines;
  }
}

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { asideNumbers, logFile } from '../audit/rotation.ts';
import { fileHeadOf } from './file-head.ts';

/** Identifies a file of the log, whatever its name is by now. */
export interface FileId {
  /** Digest of the first line. */
  readonly head: string;
  /** Time of the first record, if the first line is one; otherwise empty. */
  readonly firstTime: string;
}

export interface ListedFile {
  readonly number: number;
  readonly path: string;
  readonly inode: number;
  /** Milliseconds since 1970. */
  readonly changedAtMs: number;
  readonly size: number;
  /** How much of it may be read: see `refresh`. */
  readonly settled: number;
  /** `undefined` as long as it has no whole line. */
  readonly id: FileId | undefined;
}

/** The files in the log's folder, as of the last look. */
export class LogFolder {
  readonly #directory: string;
  #files: readonly ListedFile[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The oldest first; the last is the one that is written. */
  get files(): readonly ListedFile[] {
    return this.#files;
  }

  /**
   * Looks again. Of the file that is written, only what was there at the last look may be read: a write that failed
   * halfway is cut off at once, and is then no longer there. `final`: nothing is written any more.
   */
  refresh({ final = false }: { readonly final?: boolean } = {}): void {
    const before = new Map(this.#files.map((file) => [file.inode, file]));
    const listed = [...asideNumbers(this.#directory).toReversed(), 0].flatMap((number) => {
      const file = lookAt(logFile(this.#directory, number), number, before);
      return file === undefined ? [] : [file];
    });
    // While the files are renamed, one may be seen twice; the later name is the newer one.
    const once = new Map(listed.map((file) => [file.inode, file]));
    this.#files = [...once.values()].map((file) => {
      if (final || file.number > 0) return { ...file, settled: file.size };
      const known = before.get(file.inode);
      const same = known !== undefined && known.id?.head === file.id?.head;
      return { ...file, settled: same ? Math.min(known.size, file.size) : 0 };
    });
  }
}

function lookAt(path: string, number: number, before: ReadonlyMap<number, ListedFile>): ListedFile | undefined {
  const descriptor = openToRead(path);
  if (descriptor === undefined) return undefined;
  try {
    const { ino, size, mtimeMs } = fstatSync(descriptor);
    const known = before.get(ino);
    // A file that is put aside does not change any more; an inode may be given to another file, of another size.
    const isKnown = number > 0 && known?.id !== undefined && known.size === size && known.changedAtMs === mtimeMs;
    const id = isKnown ? known.id : idOf(descriptor);
    return { number, path, inode: ino, changedAtMs: mtimeMs, size, settled: 0, id };
  } finally {
    closeSync(descriptor);
  }
}

/** Opens a file of the log; `undefined` if it is gone. */
export function openToRead(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function idOf(descriptor: number): FileId | undefined {
  const head = fileHeadOf(descriptor);
  if (head === undefined) return undefined;
  const { line, digest } = head;
  const firstTime = /^\{"time":"(?<time>[^"\\]{1,40})"/.exec(line.toString('latin1', 0, 64))?.groups?.['time'] ?? '';
  return { head: digest, firstTime };
}

import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly inode: number;
  readonly device: number;
}

/**
 * The files that SQLite has open, by descriptors of our own, and whether they are still those of the folder. A process
 * goes on writing to a file that somebody removed, and all of it is gone when it ends.
 *
 * The descriptors must stay open until SQLite has closed its own: POSIX drops all locks of a process on a file as soon as
 * that process closes any descriptor of it (fcntl(2)).
 */
export class OpenFiles {
  readonly #files: readonly OpenFile[];
  readonly #folder: number | undefined;

  constructor(paths: readonly string[]) {
    this.#files = paths.map((path) => {
      const fd = openSync(path, 'r');
      const { ino: inode, dev: device } = fstatSync(fd);
      return { path, fd, inode, device };
    });
    this.#folder = paths.every(isAbsolute) ? undefined : statSync('.').ino;
  }

  /** The path of a file that was removed: no name in any folder leads to it. Cheap enough for each commit. */
  removed(): string | undefined {
    return this.#files.find(({ fd }) => fstatSync(fd).nlink === 0)?.path;
  }

  /** The path of a file that was removed, moved or replaced. */
  missing(): string | undefined {
    const removed = this.removed();
    // A relative path says nothing in another working directory.
    if (removed !== undefined || (this.#folder !== undefined && statSync('.').ino !== this.#folder)) return removed;
    return this.#files.find(({ path, inode, device }) => {
      const there = statSync(path, { throwIfNoEntry: false });
      return there?.ino !== inode || there.dev !== device;
    })?.path;
  }

  close(): void {
    for (const { fd } of this.#files) closeSync(fd);
  }
}

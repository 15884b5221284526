import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { container } from './blob-name.ts';
import type { Appended, BlobState, BlobStore } from './blob-store.ts';
import { DeliveryFailed, reasonOf } from './failed.ts';

/**
 * A storage account that is a folder on this machine: each blob is a file. Its calls block the thread, which has a low
 * priority; those that do not would run on threads that have the priority of requests.
 */
export class FolderBlobs implements BlobStore {
  readonly target: string;
  readonly blocksMax = Number.POSITIVE_INFINITY;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, container);
    this.target = `the folder ${folder}`;
  }

  open(blob: string): Promise<BlobState> {
    return this.#with(blob, (file) => ({ length: fstatSync(file).size, blocks: 0 }));
  }

  append(blob: string, at: number, bytes: Buffer): Promise<Appended> {
    return this.#with(blob, (file) => {
      const { size } = fstatSync(file);
      if (size < at || size >= at + bytes.length) return { kind: 'moved' };
      // A killed process may have written the beginning.
      const begun = readFrom(file, at, size - at);
      if (!begun.equals(bytes.subarray(0, begun.length))) return { kind: 'moved' };
      try {
        writeFrom(file, size, bytes.subarray(begun.length));
        fdatasyncSync(file);
      } catch (error) {
        ftruncateSync(file, at);
        throw error;
      }
      return { kind: 'appended', blocks: 0 };
    });
  }

  has(blob: string, at: number, bytes: Buffer): Promise<boolean> {
    return this.#with(blob, (file) => readFrom(file, at, bytes.length).equals(bytes));
  }

  /** `work` gets the descriptor of the blob's file. */
  async #with<T>(blob: string, work: (file: number) => T): Promise<T> {
    const path = join(this.#folder, blob);
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const file = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      try {
        return work(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw new DeliveryFailed(
        `${reasonOf(error)}. Free space on that disk, or give the folder back to the server's user.`,
      );
    }
  }
}

function readFrom(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
}

function writeFrom(file: number, position: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { container } from './blob-name.ts';
import type { Appended, BlobState, BlobStore } from './blob-store.ts';
import { DeliveryFailed, reasonOf } from './failed.ts';

/** A storage account that is a folder on this machine: each blob is a file. */
export class FolderBlobs implements BlobStore {
  readonly target: string;
  readonly blocksMax = Number.POSITIVE_INFINITY;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, container);
    this.target = `the folder ${folder}`;
  }

  open(blob: string): Promise<BlobState> {
    return this.#with(blob, async (file) => ({ length: (await file.stat()).size, blocks: 0 }));
  }

  append(blob: string, at: number, bytes: Buffer): Promise<Appended> {
    return this.#with(blob, async (file) => {
      const { size } = await file.stat();
      if (size < at || size >= at + bytes.length + (size === at ? 1 : 0)) return { kind: 'moved' };
      // A killed process may have written the beginning.
      const begun = await readFrom(file, at, size - at);
      if (!begun.equals(bytes.subarray(0, begun.length))) return { kind: 'moved' };
      try {
        await writeFrom(file, size, bytes.subarray(begun.length));
        await file.datasync();
      } catch (error) {
        await file.truncate(at);
        throw error;
      }
      return { kind: 'appended', blocks: 0 };
    });
  }

  has(blob: string, at: number, bytes: Buffer): Promise<boolean> {
    return this.#with(blob, async (file) => (await readFrom(file, at, bytes.length)).equals(bytes));
  }

  async #with<T>(blob: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
    const path = join(this.#folder, blob);
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
      try {
        return await work(file);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw new DeliveryFailed(
        `${reasonOf(error)}. Free space on that disk, or give the folder back to the server's user.`,
      );
    }
  }
}

async function readFrom(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function writeFrom(file: FileHandle, position: number, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

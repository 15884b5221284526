import type { LogFile } from './log-file.ts';

interface Written {
  readonly bytes: Uint8Array;
  readonly file: LogFile;
  /** Since the file was last seen under its name. */
  unseen: boolean;
  /** Somebody waits for it to reach the disk. */
  unsynced: boolean;
}

/**
 * What was written to a file that may have been removed by then, in memory: if it was, it is written again. Bounded by
 * who adds to it: by looking for the file after so many bytes, and by waiting for the disk.
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

  /** All that was written is where it belongs. */
  seen(): void {
    this.#unseenBytes = 0;
    if (this.#written.length === 0) return;
    for (const one of this.#written) one.unseen = false;
    this.#written = this.#written.filter(({ unsynced }) => unsynced);
  }

  /** Call it before a sync, and what it returns after its success. */
  synced(): () => void {
    const before = new Set(this.#written);
    return () => {
      for (const one of before) one.unsynced = false;
      this.#written = this.#written.filter(({ unseen, unsynced }) => unseen || unsynced);
    };
  }

  /** What is kept of what was written to `file`. */
  of(file: LogFile): readonly Uint8Array[] {
    return this.#written.filter((one) => one.file === file).map(({ bytes }) => bytes);
  }

  /** What was written to `file` and is to be written again. */
  take(file: LogFile): readonly { readonly bytes: Uint8Array; readonly untilSynced: boolean }[] {
    const lost = this.#written.filter((one) => one.file === file);
    this.#written = this.#written.filter((one) => one.file !== file);
    this.#unseenBytes = this.#written.reduce((sum, { bytes, unseen }) => sum + (unseen ? bytes.length : 0), 0);
    return lost.map(({ bytes, unsynced }) => ({ bytes, untilSynced: unsynced }));
  }
}

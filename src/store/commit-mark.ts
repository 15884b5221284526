import { close, constants, fdatasync, fstat, open, read, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { syncFolder } from './sync-folder.ts';

/** A text kept where whoever can put back an older database cannot write: beside the master key. */
export interface CommitMark {
  /** Where it lies, for messages. */
  readonly name: string;
  /** What was written into its two slots, as far as a crash left it; none: nothing was ever written. */
  read(): Promise<readonly string[]>;
  /** Durable once fulfilled. A crash may tear this slot, and leaves the other one as it is. */
  write(slot: 0 | 1, text: string): Promise<void>;
}

export interface CommitMarkFile extends CommitMark {
  close(): Promise<void>;
}

/** Slots lie in blocks of their own: a write that is torn spares the other one. */
const slotSize = 4096;

const openOf = promisify(open);
const closeOf = promisify(close);
const fdatasyncOf = promisify(fdatasync);
const fstatOf = promisify(fstat);

/**
 * A mark in a file of mode 0600, which is made when it is missing. The file stays open and is written in place, so that
 * it may lie where this process can open nothing: then somebody else has opened it (`descriptor`).
 */
export async function openCommitMark(file: string, descriptor?: number): Promise<CommitMarkFile> {
  if (descriptor !== undefined) return new MarkFile(file, descriptor);
  const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const opened = await openOf(file, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600);
  syncFolder(dirname(file));
  return new MarkFile(file, opened);
}

class MarkFile implements CommitMarkFile {
  readonly name: string;
  readonly #descriptor: number;

  constructor(name: string, descriptor: number) {
    this.name = name;
    this.#descriptor = descriptor;
  }

  async read(): Promise<readonly string[]> {
    const { size } = await fstatOf(this.#descriptor);
    if (size === 0) return [];
    const slots = Buffer.alloc(2 * slotSize);
    await promisify(read)(this.#descriptor, slots, 0, slots.length, 0);
    return [slots.subarray(0, slotSize), slots.subarray(slotSize)].map((slot) => slot.toString('latin1'));
  }

  async write(slot: 0 | 1, text: string): Promise<void> {
    const bytes = Buffer.alloc(slotSize);
    bytes.write(text, 'latin1');
    await promisify(write)(this.#descriptor, bytes, 0, slotSize, slot * slotSize);
    await fdatasyncOf(this.#descriptor);
  }

  close(): Promise<void> {
    return closeOf(this.#descriptor);
  }
}

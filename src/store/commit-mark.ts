import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreRefused } from './refused.ts';
import { syncFolder } from './sync-folder.ts';

/** The number of a commit, kept where whoever can put back an older database cannot write: beside the master key. */
export interface CommitMark {
  /** `undefined`: there never was a mark. */
  read(): Promise<bigint | undefined>;
  /** Durable once fulfilled; a crash leaves the number before or this one. */
  write(commit: bigint): Promise<void>;
}

export interface CommitMarkFile extends CommitMark {
  close(): Promise<void>;
}

/** Two slots, in blocks of their own and written by turns: a write that is torn spares the other one. */
const slotSize = 4096;
const slotText = /^postern commit ([0-9]{1,30}) ([0-9a-f]{16})\n/;

/**
 * A mark in a file of mode 0600, which is made when it is missing. The file stays open and is written in place: after
 * the process has given up its privileges, a new file in that folder may be beyond it.
 * @throws {StoreRefused} `damagedMark` from `read`
 */
export async function openCommitMark(file: string): Promise<CommitMarkFile> {
  const isNew = !existsSync(file);
  const handle = await open(file, isNew ? 'wx+' : 'r+', 0o600);
  if (isNew) syncFolder(dirname(file));
  return new MarkFile(file, handle);
}

class MarkFile implements CommitMarkFile {
  readonly #file: string;
  readonly #handle: FileHandle;

  constructor(file: string, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  async read(): Promise<bigint | undefined> {
    const { size } = await this.#handle.stat();
    if (size === 0) return undefined;
    const slots = Buffer.alloc(2 * slotSize);
    await this.#handle.read(slots, 0, slots.length, 0);
    const marks = [parseSlot(slots.subarray(0, slotSize)), parseSlot(slots.subarray(slotSize))];
    const last = marks.reduce((one, other) => (one === undefined || (other ?? 0n) > one ? other : one));
    if (last !== undefined) return last;
    const remedy = 'Put back a copy, or remove it to accept the database as it is';
    throw new StoreRefused('damagedMark', `the commit mark ${this.#file} is damaged. ${remedy}.`);
  }

  async write(commit: bigint): Promise<void> {
    const slot = Buffer.alloc(slotSize);
    slot.write(`postern commit ${commit} ${digest(commit)}\n`);
    await this.#handle.write(slot, 0, slotSize, commit % 2n === 0n ? 0 : slotSize);
    await this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function parseSlot(slot: Buffer): bigint | undefined {
  const [, commit, check] = slotText.exec(slot.toString('latin1')) ?? [];
  if (commit === undefined || check !== digest(BigInt(commit))) return undefined;
  return BigInt(commit);
}

/** Against torn writes, not against a forger. */
function digest(commit: bigint): string {
  return createHash('sha256').update(String(commit)).digest('hex').slice(0, 16);
}

import { close, constants, fdatasync, fstat, open, read, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { MasterKey } from '../crypto/master-key.ts';
import { judgeMark, readMark, sealMark } from './marked-commit.ts';
import type { CountedCommit } from './marked-commit.ts';
import { readRecords, recordPut } from './records.ts';
import { StoreRefused } from './refused.ts';
import { commitKey } from './seal-header.ts';
import type { SealedRecords } from './sealed-records.ts';
import { syncFolder } from './sync-folder.ts';

interface CommitCounterParts {
  readonly records: SealedRecords;
  readonly mark: CommitMark;
  /** The most milliseconds from a write to the mark that covers it. */
  readonly interval: number;
  /** The key and store id under which marks are sealed from now on. */
  readonly key: () => { readonly storeId: string; readonly masterKey: MasterKey };
}

/**
 * Refuses an older copy of the database. A counter in the store and a mark beside the master key increase together, the
 * counter first: at every start, at most `interval` milliseconds after a write, and at the close. If the counter is
 * behind the mark, the store is older than the last one seen; if a store has counted and there is no mark, it has
 * replaced another one. The mark is sealed under the master key, so it cannot be made without the key.
 *
 * It does not detect: writes of the last `interval` before a kill, taken back with a copy made in that same interval;
 * an older copy with its mark, restored by someone who can write both; single records that are put back while the store
 * runs, or with the counter unchanged.
 */
export class CommitCounter {
  readonly #parts: CommitCounterParts;
  /** The least value of the next count, where a store behind its mark was accepted. */
  #least = 0n;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #failed = false;
  #closing = false;

  constructor(parts: CommitCounterParts) {
    this.#parts = parts;
  }

  /**
   * `masterKeys` are those that the mark may be sealed under; `accept` uses the store as it is.
   * @throws {StoreRefused} `olderCopy`, `noMark` or `damagedMark`
   */
  async start(given: { readonly masterKeys: readonly MasterKey[]; readonly accept: boolean }): Promise<void> {
    await this.judge(given);
    await this.advance();
  }

  /** The same without a write: for a look at the store. */
  async judge({ masterKeys, accept }: { readonly masterKeys: readonly MasterKey[]; readonly accept: boolean }) {
    const { mark, key } = this.#parts;
    const marked = readMark(await mark.read(), masterKeys);
    const verdict = judgeMark(await this.#load(), marked, key().storeId);
    if (!verdict.ok && !accept) {
      const remedy =
        'Restore the latest copy or the mark, or start once with --accept-copy to use the database as it is';
      throw new StoreRefused(verdict.kind, `${verdict.found} (${mark.name}). ${remedy}.`);
    }
    if ('commit' in marked) this.#least = marked.commit;
  }

  /** Call it after the inner store has acknowledged a write. */
  committed(): void {
    if (this.#closing) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // The next write reports the failure (`#failed`). Until then the mark is tried again by itself.
      this.advance().catch(() => this.committed());
    }, this.#parts.interval).unref();
  }

  /** Whether the last mark could be written. If not, nothing is written before `advance` succeeds. */
  get isKept(): boolean {
    return !this.#failed;
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#timer !== undefined || this.#failed) await this.advance();
    this.#timer = undefined;
  }

  /** Increases the count by one, in the store and in the mark. */
  async advance(): Promise<void> {
    const before = this.#running;
    const step = before.then(() => this.#step());
    this.#running = step.catch(() => {});
    await step;
  }

  async #step(): Promise<void> {
    const { records, mark, key } = this.#parts;
    try {
      const { commit, version } = await this.#load();
      const next = (commit > this.#least ? commit : this.#least) + 1n;
      const put = [recordPut(commitKey, { commit: String(next) })];
      await records.transact({ require: [{ key: commitKey, version }], put });
      const { masterKey, storeId } = key();
      // Alternately: a torn write leaves the number before.
      await mark.write(next % 2n === 0n ? 0 : 1, sealMark(next, masterKey, storeId));
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #load(): Promise<CountedCommit & { readonly version: string | null }> {
    const { records } = this.#parts;
    const [record] = await readRecords(records, { get: [commitKey] });
    if (record === undefined) {
      const others = await records.list({ prefix: '', limit: 1 });
      return { commit: 0n, markSealed: false, isNew: others.length === 0, version: null };
    }
    const { version, value } = record;
    if (typeof value === 'string') return { commit: BigInt(value), markSealed: false, isNew: false, version };
    return { commit: BigInt(value.commit), markSealed: true, isNew: false, version };
  }
}

/** A string that is kept out of reach of anyone who can only restore an older database: beside the master key. */
export interface CommitMark {
  /** Its path, for messages. */
  readonly name: string;
  /** The contents of its two slots, as a crash may have left them; empty if nothing was ever written. */
  read(): Promise<readonly string[]>;
  /** Durable when it resolves. A crash may tear this slot, and leaves the other one intact. */
  write(slot: 0 | 1, text: string): Promise<void>;
}

interface CommitMarkFile extends CommitMark {
  close(): Promise<void>;
}

/** Each slot has a block of its own, so a torn write does not damage the other one. */
const slotSize = 4096;

const openOf = promisify(open);
const closeOf = promisify(close);
const fdatasyncOf = promisify(fdatasync);
const fstatOf = promisify(fstat);

/**
 * A mark in a file of mode 0600, which is created if it is missing. The file stays open and is written in place, so
 * that it may be where this process can open nothing: then it gets an open `descriptor`.
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

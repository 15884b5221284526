import { close, constants, fdatasync, fstat, open, read, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { MasterKey } from '../crypto/master-key.ts';
import { judgeMark, readMark, remedyOf, sealMark, slotAfter } from './marked-commit.ts';
import type { CountedCommit } from './marked-commit.ts';
import { readRecords, recordPut } from './records.ts';
import { StoreRefused } from './refused.ts';
import { commitKey } from './seal-header.ts';
import type { SealedRecords } from './sealed-records.ts';
import { Conflict, Unavailable, Unreadable } from './store.ts';
import { syncFolder } from './sync-folder.ts';

interface CommitCounterParts {
  readonly records: SealedRecords;
  readonly mark: CommitMark;
  /** The most milliseconds from a write to the mark that covers it. */
  readonly interval: number;
  /** The key and store id under which marks are sealed from now on. */
  readonly key: () => { readonly storeId: string; readonly masterKey: MasterKey };
  /** Of a store that other nodes write to: calls the listener after commits, and returns what ends that. */
  readonly changed?: ((listener: () => void) => () => void) | undefined;
}

/** How a store is compared with its mark. */
export interface Judging {
  /** Those that the mark may be sealed under. */
  readonly masterKeys: readonly MasterKey[];
  /** Uses the store as it is. */
  readonly accept: boolean;
  /** Of a store that several nodes use: whether this node may be without a mark, because it is new to the store. */
  readonly join?: boolean | undefined;
}

interface Counted extends CountedCommit {
  readonly version: string | null;
}

/** How often a count that others change at the same time is read again. */
const attemptLimit = 8;

/**
 * Refuses an older copy of the database. A counter in the store and a mark beside the master key increase together, the
 * counter first: at every start, at most `interval` milliseconds after a write, and at the close. If the counter is
 * behind the mark, the store is older than the last one seen; if a store has counted and there is no mark, it has
 * replaced another one. The mark is sealed under the master key, so it cannot be made without the key.
 *
 * Each node of a store has a mark of its own, and all share the counter. A node that did not write also marks what the
 * others have counted, so that it refuses the same copies.
 *
 * It does not detect: writes of the last `interval` before a kill, taken back with a copy made in that same interval;
 * an older copy with its mark, restored by someone who can write both; single records that are put back while the store
 * runs, or with the counter unchanged.
 */
export class CommitCounter {
  readonly #parts: CommitCounterParts;
  readonly #stopFollowing: (() => void) | undefined;
  /** The next count must be above it: where a store behind its mark was accepted, the mark's. */
  #least = 0n;
  /** Whether a store behind the mark was accepted, and has not counted since. */
  #accepted = false;
  /** The highest count in the mark; undefined before it is known. */
  #marked: bigint | undefined;
  #slot: 0 | 1 = 0;
  #timer: NodeJS.Timeout | undefined;
  #followTimer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #failed = false;
  #closing = false;

  constructor(parts: CommitCounterParts) {
    this.#parts = parts;
    this.#stopFollowing = parts.changed?.(() => this.#followLater());
  }

  /**
   * Compares the store with the mark, and counts.
   * @throws {StoreRefused} `olderCopy`, `noMark` or `damagedMark`
   */
  async start(judging: Judging): Promise<void> {
    await this.judge(judging);
    await this.advance();
  }

  /**
   * The same without a write: for a look at the store, and for a database that a running node was connected with again.
   * @param records those to judge by, where they are not the counter's own
   */
  async judge({ masterKeys, accept, join }: Judging, records = this.#parts.records): Promise<void> {
    const { mark, key } = this.#parts;
    const slots = await mark.read();
    const marked = readMark(slots, masterKeys);
    const verdict = judgeMark(await load(records), marked, key().storeId);
    const joins = !verdict.ok && verdict.kind === 'noMark' && join === true;
    if (!verdict.ok && !accept && !joins)
      throw new StoreRefused(verdict.kind, `${verdict.found} (${mark.name}). ${remedyOf(verdict.kind, join)}.`);
    this.#slot = slotAfter(slots, masterKeys);
    this.#marked ??= 'commit' in marked ? marked.commit : 0n;
    if ('commit' in marked) this.#least = marked.commit;
    this.#accepted = !verdict.ok && accept;
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

  /** Whether the last mark could be written. If not, nothing is written before `recover` succeeds. */
  get isKept(): boolean {
    return !this.#failed;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#stopFollowing?.();
    clearTimeout(this.#timer);
    clearTimeout(this.#followTimer);
    await this.#running;
    if (this.#timer !== undefined || this.#failed) await this.#advanceIfReached();
    this.#timer = undefined;
  }

  /**
   * A store that cannot be asked, or whose master key another node has replaced, is left as it is: what it has acknowledged is in
   * it, and only the mark is behind. Where there are no other nodes, a count that cannot be read is damaged, or its file is gone.
   */
  async #advanceIfReached(): Promise<void> {
    try {
      await this.advance();
    } catch (error) {
      const isOfOthers = error instanceof Unreadable && this.#parts.changed !== undefined;
      if (!isOfOthers && !(error instanceof Unavailable)) throw error;
    }
  }

  /** Increases the count, in the store and in the mark. */
  async advance(): Promise<void> {
    await this.#after(() => this.#step());
  }

  /** Does so if the last mark could not be written. Many may wait for it: the first does it for all. */
  async recover(): Promise<void> {
    await this.#after(async () => {
      if (this.#failed) await this.#step();
    });
  }

  async #after(work: () => Promise<void>): Promise<void> {
    const before = this.#running;
    const step = before.then(work);
    this.#running = step.catch(() => {});
    await step;
  }

  #followLater(): void {
    if (this.#closing) return;
    this.#followTimer ??= setTimeout(() => {
      this.#followTimer = undefined;
      // A store that cannot be asked is judged by this mark when it can be again.
      this.#after(() => this.#follow()).catch(() => {});
    }, this.#parts.interval).unref();
  }

  /** Marks what other nodes have counted. */
  async #follow(): Promise<void> {
    const { commit } = await load(this.#parts.records);
    if (this.#marked !== undefined && commit > this.#marked) await this.#write(commit);
  }

  async #step(): Promise<void> {
    try {
      await this.#write(await this.#count());
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  /**
   * A count that is committed after everything that this node has written. A conflict means that another node has just
   * committed such a one: it came after our read, which came after our writes.
   */
  async #count(): Promise<bigint> {
    const { records } = this.#parts;
    for (let attempt = 1, before: Counted | undefined; ; attempt += 1) {
      const counted = await load(records);
      this.#assertNotBehind(counted);
      if (before !== undefined && counted.commit > before.commit && counted.commit > this.#least) return counted.commit;
      before = counted;
      const next = (counted.commit > this.#least ? counted.commit : this.#least) + 1n;
      try {
        const put = [recordPut(commitKey, { commit: String(next) })];
        await records.transact({ require: [{ key: commitKey, version: counted.version }], put });
        return next;
      } catch (error) {
        if (!(error instanceof Conflict) || attempt === attemptLimit) throw error;
      }
    }
  }

  /** The database can be exchanged also while a node runs: its mark must not follow back. */
  #assertNotBehind({ commit }: Counted): void {
    if (this.#accepted || this.#marked === undefined || commit >= this.#marked) return;
    throw new Unavailable(`the store is at commit ${commit}, and was at ${this.#marked} before: it is an older copy`);
  }

  /** Into the slot that does not have the last mark: a torn write leaves the number before. */
  async #write(commit: bigint): Promise<void> {
    const { mark, key } = this.#parts;
    const { masterKey, storeId } = key();
    await mark.write(this.#slot, sealMark(commit, masterKey, storeId));
    this.#accepted = false;
    this.#slot = this.#slot === 0 ? 1 : 0;
    this.#marked = commit;
  }
}

async function load(records: Pick<SealedRecords, 'read' | 'list'>): Promise<Counted> {
  const [record] = await readRecords(records, { get: [commitKey] });
  if (record === undefined) {
    const others = await records.list({ prefix: '', limit: 1 });
    return { commit: 0n, markSealed: false, isNew: others.length === 0, version: null };
  }
  const { version, value } = record;
  if (typeof value === 'string') return { commit: BigInt(value), markSealed: false, isNew: false, version };
  return { commit: BigInt(value.commit), markSealed: true, isNew: false, version };
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

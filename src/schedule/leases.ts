import { randomUUID } from 'node:crypto';
import { recordKind } from '../store/keys.ts';
import type { Key } from '../store/keys.ts';
import { listRecords, recordPut } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Put, Store } from '../store/store.ts';
import { dueFrom, duePrefix, duePutAgain, dueTime, readDue, workPath } from './due.ts';
import type { AnySubject, Due, DueKind, DueRecord, Work } from './due.ts';

/** Work that only this process does, as long as its record is at `key`. */
export interface Leased extends Work {
  readonly key: Key<LeaseRecord>;
  readonly version: string;
  /** When the work was due, in milliseconds since 1970. */
  readonly dueAt: number;
  /** When it was due before an attempt at it failed. */
  readonly firstAt: number;
}

/** Work that this process begins itself. */
export interface Claim {
  /** Belongs in the transaction that makes the work necessary. */
  readonly put: Required<Put>;
  readonly work: Leased;
}

/** A lease as it is stored. */
export interface LeaseRecord extends Work {
  readonly dueAt: number;
  /** Absent in a lease that an earlier release wrote. */
  readonly firstAt?: number;
  readonly until: number;
}

interface LeasesParts {
  readonly store: Store;
  readonly now: () => number;
  /**
   * Whether no other process can have this store open: then any lease that is not ours is of a process that has ended.
   */
  readonly alone: boolean;
}

const leases = recordKind<LeaseRecord>({
  pattern: 'lease/{process}/',
  owner: 'schedule',
  holds: 'work that a process has to itself, by kind and subject',
});
export const leasePrefix = leases.prefix();

/**
 * How long after a lease was given or renewed another process that shares the store takes the work over. The clock is the
 * store's, so that the processes agree.
 */
const leaseMs = 30_000;
/** How often a process that shares the store renews the leases of its work. */
export const renewEveryMs = 10_000;
const pageSize = 100;

/**
 * Which process does which work. Due work moves from `due/<time>/…` to `lease/<process>/…` while a process does it, and
 * back if it failed. The transaction that ends the work requires the lease, so that it is done once.
 */
export class Leases {
  readonly #parts: LeasesParts;
  /** The id of this process; no other process ever has the same. */
  readonly #process = randomUUID();
  #othersAreGone = false;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  /** For work that begins in this process at once, because it needs what may not be stored or does not have to wait. */
  claim(kind: DueKind, subject: AnySubject): Claim {
    const dueAt = this.#parts.now();
    const work = { kind, subject, dueAt, firstAt: dueAt, attempts: 1, key: this.#keyOf(kind, subject) };
    const version = randomUUID();
    return { put: { ...this.#put(work), version }, work: { ...work, version } };
  }

  /** Leases work that is due, the oldest first and at most `limit`. Empty when nothing is due. */
  async take(limit: number): Promise<readonly Leased[]> {
    const { store, now } = this.#parts;
    for (;;) {
      const time = now();
      const records = await listRecords(store, { prefix: duePrefix, limit });
      const due = records.filter(({ key }) => dueTime(key) <= time);
      if (due.length === 0) return [];
      // The same work may be due at several times; it is done once.
      const leased = new Map<string, Omit<Leased, 'version'>>();
      for (const record of due) {
        const { at: dueAt, firstAt, kind, subject, attempts } = readDue(record);
        const key = this.#keyOf(kind, subject);
        if (!leased.has(key)) leased.set(key, { kind, subject, dueAt, firstAt, attempts: attempts + 1, key });
      }
      const works = [...leased.values()];
      try {
        const versions = await store.transact({
          require: due.map(({ key, version }) => ({ key, version })),
          put: works.map((work) => this.#put(work)),
          delete: due.map(({ key }) => key),
        });
        return works.map((work, index) => ({ ...work, version: versions[index] ?? '' }));
      } catch (error) {
        // Another process was faster with one of them, or has just dropped it.
        if (!(error instanceof Conflict)) throw error;
      }
    }
  }

  /**
   * Gives work back, to be tried again at that time.
   * @throws {Conflict} when the lease is not ours any more
   */
  async putOff({ key, version, kind, subject, attempts, firstAt }: Leased, at: number): Promise<void> {
    await this.#parts.store.transact({
      require: [{ key, version }],
      put: [duePutAgain({ kind, subject, attempts, at, firstAt })],
      delete: [key],
    });
  }

  /**
   * Keeps the work for longer.
   * @throws {Conflict} when the lease is not ours any more
   */
  async renew<W extends Leased>(work: W): Promise<W> {
    const { key, version: before } = work;
    const [version = ''] = await this.#parts.store.transact({
      require: [{ key, version: before }],
      put: [this.#put(work)],
    });
    return { ...work, version };
  }

  /** Makes work that was not begun, or not ended, due at once for the others. A process that ends does so. */
  async giveBack(works: readonly Leased[]): Promise<void> {
    const at = this.#parts.now();
    for (const { key, version, kind, subject, attempts, firstAt } of works) {
      await this.#replace([{ key, version }], [duePutAgain({ kind, subject, attempts: attempts - 1, at, firstAt })]);
    }
  }

  /** Makes the work of other processes due again: of those that have ended, and of those whose leases have expired. */
  async takeOver(): Promise<void> {
    const { store, now, alone } = this.#parts;
    if (alone && this.#othersAreGone) return;
    let after: string | undefined;
    for (;;) {
      const page = await listRecords(store, { prefix: leasePrefix, after, limit: pageSize });
      const others = page.filter(({ key }) => !key.startsWith(leases.prefix(this.#process)));
      await this.#makeDue(others.filter(({ value }) => alone || value.until <= now()));
      if (page.length < pageSize) break;
      after = page.at(-1)?.key;
    }
    this.#othersAreGone = true;
  }

  /**
   * Moves work forward that a wrong clock put off for longer than any failure does. It is due when it was first due, or
   * now.
   */
  async moveForward(longestMs: number): Promise<void> {
    const { store, now } = this.#parts;
    let after = dueFrom(now() + longestMs);
    for (;;) {
      const page = await listRecords(store, { prefix: duePrefix, after, limit: pageSize });
      const due = page.map((record) => ({ record, work: readDue(record) }));
      await this.#move(due.filter(({ work }) => work.at > now() + longestMs && work.firstAt < work.at));
      const last = page.at(-1);
      if (last === undefined || page.length < pageSize) return;
      after = last.key;
    }
  }

  async #move(due: readonly { readonly record: Stored<DueRecord>; readonly work: Due }[]): Promise<void> {
    if (due.length === 0) return;
    const { now } = this.#parts;
    const put = due.map(({ work }) => duePutAgain({ ...work, at: Math.max(now(), work.firstAt) }));
    await this.#replace(
      due.map(({ record }) => record),
      put,
    );
  }

  async #makeDue(records: readonly Stored<LeaseRecord>[]): Promise<void> {
    if (records.length === 0) return;
    const put = records.map(({ value: { kind, subject, attempts, dueAt, firstAt = dueAt } }) =>
      duePutAgain({ kind, subject, attempts, at: dueAt, firstAt }),
    );
    await this.#replace(records, put);
  }

  async #replace(records: readonly Pick<Stored<unknown>, 'key' | 'version'>[], put: readonly Put[]): Promise<void> {
    try {
      await this.#parts.store.transact({
        require: records.map(({ key, version }) => ({ key, version })),
        // Two processes may have done the same work.
        put: [...new Map(put.map((each) => [each.key, each])).values()],
        delete: records.map(({ key }) => key),
      });
    } catch (error) {
      // Another process is taking them over, or the owner has just finished one: the next look shows what is left.
      if (!(error instanceof Conflict)) throw error;
    }
  }

  #put({ kind, subject, attempts, dueAt, firstAt, key }: Omit<Leased, 'version'>): Put {
    return recordPut(key, { kind, subject, attempts, dueAt, firstAt, until: this.#parts.now() + leaseMs });
  }

  #keyOf(kind: string, subject: AnySubject): Key<LeaseRecord> {
    return leases.key(this.#process, workPath(kind, subject));
  }
}

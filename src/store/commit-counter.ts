import type { CommitMark } from './commit-mark.ts';
import { StoreRefused } from './refused.ts';
import type { SealedRecords } from './sealed-records.ts';
import { commitKey } from './seal-header.ts';
import { decode, encode } from './store.ts';

/**
 * Refuses an older copy of the database. A counter in the store and a mark beside the master key go up together, the
 * counter first: at every start, at most `interval` milliseconds after a write, and at the close. A store whose counter
 * is behind the mark is older than what was last seen.
 *
 * What that does not promise: writes of the last `interval` before a kill can be taken back unseen with a copy made in
 * that same interval; whoever can write the mark as well can put back both; single records that are put back while the
 * store runs, or beside a counter that was left as it is, are not seen.
 */
export class CommitCounter {
  readonly #records: SealedRecords;
  readonly #mark: CommitMark;
  readonly #interval: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(records: SealedRecords, mark: CommitMark, interval: number) {
    this.#records = records;
    this.#mark = mark;
    this.#interval = interval;
  }

  /** @throws {StoreRefused} `olderCopy` or `damagedMark` */
  async start(): Promise<void> {
    const mark = (await this.#mark.read()) ?? 0n;
    const { commit } = await this.#load();
    if (commit < mark) {
      const found = `the database is an older copy, or another one: it stands at commit ${commit}, the mark at ${mark}`;
      throw new StoreRefused('olderCopy', `${found}. Put back the latest copy, or remove the mark to accept this one.`);
    }
    await this.#advance();
  }

  /** A write was acknowledged by the store beneath. */
  committed(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // A failure stands in `#failed`, and the next write is told of it.
      this.#advance().catch(() => {});
    }, this.#interval).unref();
  }

  /** Rejects when the mark cannot be kept: then nothing more is written. */
  async assertKept(): Promise<void> {
    if (this.#failed) await this.#advance();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
    if (this.#timer !== undefined || this.#failed) await this.#advance();
    this.#timer = undefined;
  }

  async #advance(): Promise<void> {
    const before = this.#running;
    const step = before.then(() => this.#step());
    this.#running = step.catch(() => {});
    await step;
  }

  async #step(): Promise<void> {
    try {
      const { commit, version } = await this.#load();
      const require = [{ key: commitKey, version }];
      await this.#records.transact({ require, put: [{ key: commitKey, value: encode(String(commit + 1n)) }] });
      await this.#mark.write(commit + 1n);
      this.#failed = false;
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  async #load(): Promise<{ commit: bigint; version: string | null }> {
    const [record] = await this.#records.read({ get: [commitKey] });
    if (record === undefined) return { commit: 0n, version: null };
    return { commit: BigInt(decode<string>(record)), version: record.version };
  }
}

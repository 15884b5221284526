import { hash } from 'node:crypto';
import { recordKind } from '../store/keys.ts';
import type { Key } from '../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Store } from '../store/store.ts';

/** A record that all nodes remember for a while. */
export interface FleetingRecord {
  /** When it may be forgotten, in milliseconds since 1970. */
  readonly until: number;
  readonly [member: string]: unknown;
}

const fleeting = recordKind<FleetingRecord>({
  pattern: 'authority/fleeting/{kind}/',
  owner: 'authority',
  holds: 'what several nodes remember for a while: uses of codes and assertions, waiting devices, wrong passwords',
});

/** How often one node looks for records whose time is over, at most; and how many it reads at a time. */
const sweepEveryMs = 60_000;
const pageSize = 200;

export type FleetingKind = 'use' | 'device' | 'attempts';

/**
 * Records that are kept for a day at most, for what begins on one node of a shared store and ends on another. A name may be
 * anything: the key has its digest.
 */
export class Fleeting {
  readonly #store: Store;
  readonly #now: () => number;
  #sweptMs = -Infinity;

  /** `now` in milliseconds since 1970. */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async read(kind: FleetingKind, name: string): Promise<Stored<FleetingRecord> | undefined> {
    const [record] = await readRecords(this.#store, { get: [keyOf(kind, name)] });
    return record !== undefined && record.value.until > this.#now() ? record : undefined;
  }

  /**
   * Puts the record in the place of the one that was read, or deletes that. Returns false if another node was faster.
   * @param before `undefined`: there was none
   */
  async replace(
    kind: FleetingKind,
    name: string,
    { before, value }: { readonly before: Stored<FleetingRecord> | undefined; readonly value?: FleetingRecord },
  ): Promise<boolean> {
    const key = keyOf(kind, name);
    // One whose time is over may still be there.
    const [there] = before === undefined ? await readRecords(this.#store, { get: [key] }) : [before];
    if (before === undefined && there !== undefined && there.value.until > this.#now()) return false;
    try {
      await this.#store.transact({
        require: [{ key, version: there?.version ?? null }],
        ...(value === undefined ? { delete: [key] } : { put: [recordPut(key, value)] }),
      });
    } catch (error) {
      if (error instanceof Conflict) return false;
      throw error;
    }
    if (value !== undefined) this.#sweepSometimes();
    return true;
  }

  #sweepSometimes(): void {
    const nowMs = performance.now();
    if (nowMs - this.#sweptMs < sweepEveryMs) return;
    this.#sweptMs = nowMs;
    // After a failure the next sweep forgets them, here or on another node.
    void this.sweep().catch(() => undefined);
  }

  /** Forgets the records whose time is over. */
  async sweep(): Promise<void> {
    for (let after: string | undefined; ;) {
      const page = await listRecords(this.#store, { prefix: fleeting.prefix(), after, limit: pageSize });
      const over = page.filter(({ value }) => value.until <= this.#now());
      const require = over.map(({ key, version }) => ({ key, version }));
      if (over.length > 0) await this.#store.transact({ require, delete: over.map(({ key }) => key) });
      after = page.at(-1)?.key;
      if (after === undefined || page.length < pageSize) return;
    }
  }
}

function keyOf(kind: FleetingKind, name: string): Key<FleetingRecord> {
  return fleeting.key(kind, hash('sha256', name, 'base64url'));
}

import type { Put, Store } from '../store/store.ts';
import type { AuditLog } from './log.ts';
import type { AuditNode } from './node-line.ts';
import { Outbox } from './outbox.ts';
import { CallerQuota, defaultCallerQuota, refusalSummaries } from './caller-quota.ts';
import type { CallerQuotaSettings } from './caller-quota.ts';
import type { Caller } from '../types/caller.ts';
import type { QuotaSettings } from './quota.ts';
import { summaries, UnauthenticatedQuota } from './quota.ts';
import type { LogRecord } from './activity.ts';
import type { RecordLine } from './line.ts';

export interface AuditParts {
  readonly store: Store;
  /** Closed with the audit. */
  readonly log: AuditLog;
  readonly now: () => number;
  readonly random: (size: number) => Uint8Array;
  readonly quota: QuotaSettings;
  /** Of several that share the store; the log must have the same. */
  readonly node?: AuditNode | undefined;
  /** Default: `defaultCallerQuota`. */
  readonly callerQuota?: CallerQuotaSettings;
  readonly notice: (message: string) => void;
  readonly watcher?: AuditWatcher | undefined;
}

/** Is told of requests when they are recorded, also of those that a quota only counts. It must not throw. */
export interface AuditWatcher {
  /** Reads that were answered. */
  answered(lines: readonly RecordLine[]): void;
  refused(record: LogRecord): void;
  /** Changes that are committed. */
  changed(record: LogRecord): void;
}

const summaryEveryMs = 60_000;

/** Opens the audit, and first ships the records of changes that a crash left in the store. */
export async function openAudit(parts: AuditParts): Promise<Audit> {
  const outbox = new Outbox(parts);
  await outbox.recover();
  return new Audit(parts, outbox);
}

/** The audit for the edges: nothing is disclosed and nothing changes without a record. */
export class Audit {
  readonly #parts: AuditParts;
  readonly #outbox: Outbox;
  readonly #quota: UnauthenticatedQuota;
  readonly #callerQuota: CallerQuota;
  #summaryTimer: NodeJS.Timeout | undefined;
  /** The records of changes that are not committed yet, by the key of their put. */
  readonly #underWay = new Map<string, LogRecord>();

  constructor(parts: AuditParts, outbox: Outbox) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#quota = new UnauthenticatedQuota(parts.quota);
    this.#callerQuota = new CallerQuota(parts.callerQuota ?? defaultCallerQuota);
  }

  /**
   * Records a request that changed nothing, always with a record of its own. Await it before the answer is sent.
   * @throws {AuditUnavailable}
   */
  read(record: LogRecord): Promise<void> {
    return this.#parts.log.append(JSON.stringify(record));
  }

  /**
   * The same for many at once, all or none: they are recorded when it returns, or, if the log waits for the disk, when
   * the promise resolves.
   * @throws {AuditUnavailable}
   */
  readNow(lines: readonly RecordLine[]): Promise<void> | undefined {
    const synced = this.#parts.log.writeNow(lines.map(({ text }) => text));
    this.#parts.watcher?.answered(lines);
    return synced;
  }

  /**
   * Records a change: `put` belongs in its transaction. Call `committed` or `failed` afterwards.
   * @throws {AuditUnavailable} then the change must not begin
   */
  stage(record: LogRecord): { readonly put: Put } {
    const put = this.#outbox.stage(record);
    if (this.#parts.watcher !== undefined) this.#underWay.set(put.key, record);
    return { put };
  }

  /**
   * Call it after a transaction with these puts of staged records has committed; without `puts` they are looked up.
   * Returns at once: the records are as safe as the change.
   */
  committed(puts?: readonly Put[]): void {
    this.#outbox.committed(puts);
    for (const { key } of puts ?? []) {
      const record = this.#underWay.get(key);
      if (record !== undefined && this.#underWay.delete(key)) this.#parts.watcher?.changed(record);
    }
  }

  /** Call it after a transaction with these puts of staged records has failed. */
  failed(puts: readonly Put[], error: unknown): void {
    this.#outbox.failed(puts, error);
    for (const { key } of puts) this.#underWay.delete(key);
  }

  /**
   * Records a request without an accepted token: with a record of its own within the quota, otherwise in a summary
   * within a minute. Counts that are not written yet are lost if the process is killed.
   * @throws {AuditUnavailable} like `read`, within the quota
   */
  unauthenticated(record: LogRecord): Promise<void> {
    if (this.#quota.admit(record, this.#parts.now())) return this.read(record);
    this.#summariseLater();
    return Promise.resolve();
  }

  /**
   * The same for a refused or failed request of a caller with a valid token: the first of each kind has a record of its
   * own. `undefined` is an unauthenticated caller.
   * @throws {AuditUnavailable} like `read`, within the quota
   */
  refused(record: LogRecord, caller: Caller | undefined): Promise<void> {
    this.#parts.watcher?.refused(record);
    if (caller === undefined) return this.unauthenticated(record);
    if (this.#callerQuota.admit(record, caller, this.#parts.now())) return this.read(record);
    this.#summariseLater();
    return Promise.resolve();
  }

  /** See `Outbox`. */
  added(): void {
    this.#outbox.added();
  }

  /** See `Outbox`. */
  whileHeld<T>(work: () => Promise<T>): Promise<T> {
    return this.#outbox.whileHeld(work);
  }

  /** Writes what is left to write, and closes the log. */
  async close(): Promise<void> {
    await this.#summarise();
    clearTimeout(this.#summaryTimer);
    await this.#outbox.close();
    await this.#parts.log.close();
  }

  #summariseLater(): void {
    this.#summaryTimer ??= setTimeout(() => void this.#summarise(), summaryEveryMs).unref();
  }

  async #summarise(): Promise<void> {
    clearTimeout(this.#summaryTimer);
    this.#summaryTimer = undefined;
    const suppressed = this.#quota.takeSuppressed();
    const refusals = this.#callerQuota.takeSuppressed();
    const records = [...summaries(suppressed), ...refusalSummaries(refusals)];
    try {
      await Promise.all(records.map((record) => this.read(record)));
    } catch {
      // The log has reported why. The summaries share a write, so none of them is in it.
      this.#quota.putBack(suppressed);
      this.#callerQuota.putBack(refusals);
      this.#summariseLater();
    }
  }
}

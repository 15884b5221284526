import type { Put, Store } from '../store/store.ts';
import type { AuditExport } from './export.ts';
import type { AuditLog } from './log.ts';
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
  /** `defaultCallerQuota` unless given. */
  readonly callerQuota?: CallerQuotaSettings;
  /** Gets a copy of every record that is in the log, and is closed with the audit. */
  readonly exports?: AuditExport;
  readonly notice: (message: string) => void;
}

const summaryEveryMs = 60_000;

/** Opens the audit, and first sends off the records of changes that a crash left in the store. */
export async function openAudit(parts: AuditParts): Promise<Audit> {
  const outbox = new Outbox(parts);
  await outbox.recover();
  return new Audit(parts, outbox);
}

/** What the edges call: nothing leaves, and nothing changes, unrecorded. */
export class Audit {
  readonly #parts: AuditParts;
  readonly #outbox: Outbox;
  readonly #quota: UnauthenticatedQuota;
  readonly #callerQuota: CallerQuota;
  #summaryTimer: NodeJS.Timeout | undefined;

  constructor(parts: AuditParts, outbox: Outbox) {
    this.#parts = parts;
    this.#outbox = outbox;
    this.#quota = new UnauthenticatedQuota(parts.quota);
    this.#callerQuota = new CallerQuota(parts.callerQuota ?? defaultCallerQuota);
  }

  /**
   * Records a request that changed nothing, always by a record of its own. To be awaited before the request is answered.
   * @throws {AuditUnavailable}
   */
  read(record: LogRecord): Promise<void> {
    const { log, exports } = this.#parts;
    const appended = log.append(JSON.stringify(record));
    return exports === undefined ? appended : appended.then(() => exports.take(record));
  }

  /**
   * The same for many at once, all or none: they are recorded when it returns, or, where the log waits for the disk, when
   * the promise is fulfilled.
   * @throws {AuditUnavailable}
   */
  readNow(lines: readonly RecordLine[]): Promise<void> | undefined {
    const { log, exports } = this.#parts;
    const written = log.writeNow(lines.map(({ text }) => text));
    if (exports === undefined) return written;
    const take = () => lines.forEach((line) => exports.takeLine(line));
    if (written !== undefined) return written.then(take);
    take();
    return undefined;
  }

  /**
   * Records a change: `put` belongs into its transaction. Call `committed` or `failed` afterwards.
   * @throws {AuditUnavailable} and the change must not begin
   */
  stage(record: LogRecord): { readonly put: Put } {
    return { put: this.#outbox.stage(record) };
  }

  /**
   * A transaction with these puts of staged records has committed; which they are is looked up where it is not said. Not
   * waited for: the records are as safe as the change.
   */
  committed(puts?: readonly Put[]): void {
    this.#outbox.committed(puts);
  }

  /** A transaction with these puts of staged records has failed. */
  failed(puts: readonly Put[]): void {
    this.#outbox.failed(puts);
  }

  /**
   * Records a request that showed no token that was accepted: by a record of its own within the quota, else in a summary
   * within a minute. Counts that are not written yet are lost if the process is killed.
   * @throws {AuditUnavailable} as `read`, within the quota
   */
  unauthenticated(record: LogRecord): Promise<void> {
    if (this.#quota.admit(record, this.#parts.now())) return this.read(record);
    this.#summariseLater();
    return Promise.resolve();
  }

  /**
   * The same for a request of a caller with a valid token that was refused or failed: the first of each kind has a record
   * of its own. `undefined` is a stranger.
   * @throws {AuditUnavailable} as `read`, within the quota
   */
  refused(record: LogRecord, caller: Caller | undefined): Promise<void> {
    if (caller === undefined) return this.unauthenticated(record);
    if (this.#callerQuota.admit(record, caller, this.#parts.now())) return this.read(record);
    this.#summariseLater();
    return Promise.resolve();
  }

  /** Diagnostic settings were changed. To be called before the change is answered. */
  settingsChanged(): void {
    this.#parts.exports?.settingsChanged();
  }

  /** Writes what is to be written, and closes the log. */
  async close(): Promise<void> {
    await this.#summarise();
    clearTimeout(this.#summaryTimer);
    await this.#outbox.close();
    await this.#parts.exports?.close();
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
      // The log has said why. They share a write, so none of them is in it.
      this.#quota.putBack(suppressed);
      this.#callerQuota.putBack(refusals);
      this.#summariseLater();
    }
  }
}

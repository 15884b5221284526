import { longRunningKey, underWayKey, underWayPrefix } from '../../resources/keys.ts';
import { Conflict, decode, encode } from '../../store/store.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ArmError, OperationRecord, WorkKind } from './record.ts';
import type { WorkEnd } from './operation.ts';

/** What is done for a kind of work. */
interface Work {
  /** When nobody who accepted it does it: after a restart, and where it needs no more than is stored. */
  readonly run: (record: OperationRecord) => Promise<WorkEnd>;
  /** How it ends when it cannot be done for a reason that nobody foresaw. */
  readonly fail?: (record: OperationRecord, error: ArmError) => Promise<WorkEnd>;
}

export type Works = Readonly<Record<WorkKind, Work>>;

interface LongRunningParts {
  readonly store: Store;
  readonly works: Works;
  readonly now: () => number;
  /** Called with the keys of every commit. */
  readonly committed: (change: Transaction) => Promise<void>;
  readonly logError: (error: unknown, requestId: string) => void;
}

const resumedAtOnce = 500;

/**
 * Carries out long-running operations in this process. Their records say what is under way: after a crash the next start
 * takes it up again. Groups are deleted and vaults cleared from where they were, which may be done twice; a deployment
 * cannot go on, for the values of its secure parameters are stored nowhere, and is marked as failed.
 */
export class LongRunning {
  readonly #parts: LongRunningParts;
  readonly #underWay = new Map<string, Promise<void>>();
  #closing = false;

  constructor(parts: LongRunningParts) {
    this.#parts = parts;
  }

  /** Starts the work of an operation whose record is committed. */
  begin(record: OperationRecord, work?: () => Promise<WorkEnd>): void {
    if (record.status !== 'Running') return;
    const run = this.#carryOut(record, work ?? (() => this.#parts.works[record.kind].run(record)));
    this.#underWay.set(record.id, run);
    void run.finally(() => this.#underWay.delete(record.id));
  }

  /** Takes up what the last run of the server left. */
  async resume(): Promise<void> {
    const found = await this.#parts.store.list({ prefix: underWayPrefix, limit: resumedAtOnce });
    for (const { key } of found) {
      const [subscriptionId = '', id = ''] = key.slice(underWayPrefix.length).split('/');
      const [record] = await this.#parts.store.read({ get: [longRunningKey(subscriptionId, id)] });
      if (record === undefined) await this.#parts.store.transact({ delete: [key] });
      else this.begin(decode<OperationRecord>(record));
    }
  }

  /** Waits until an operation of this process has ended. */
  async settled(id: string): Promise<void> {
    await this.#underWay.get(id);
  }

  /** Whether the server is ending: work stops where it can be taken up again. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Lets what is under way come to its next stop; the next start takes it up. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.allSettled(this.#underWay.values());
  }

  async #carryOut(record: OperationRecord, work: () => Promise<WorkEnd>): Promise<void> {
    const { logError, works } = this.#parts;
    const { correlationId } = record.behalf;
    try {
      await this.#endAs(record, await work());
    } catch (error) {
      // What is under way when the server ends is found again by its record.
      if (this.#closing) return;
      logError(error, correlationId);
      const failed = { code: 'InternalServerError', message: 'An unexpected error occurred.' };
      try {
        const end = await works[record.kind].fail?.(record, failed);
        await this.#endAs(record, end ?? { status: 'Failed', error: failed });
      } catch (failure) {
        logError(failure, correlationId);
      }
    }
  }

  async #endAs(record: OperationRecord, first: WorkEnd): Promise<void> {
    let end: WorkEnd | undefined = first;
    while (end !== undefined) end = await this.#end(record, end);
  }

  /** Returns another end where this one rests on what was changed meanwhile. */
  async #end(record: OperationRecord, { status, error, change, again }: WorkEnd): Promise<WorkEnd | undefined> {
    const { subscriptionId } = record.behalf.subscription;
    const ended: OperationRecord = {
      ...record,
      status,
      endedAt: this.#parts.now(),
      ...(error !== undefined && { error }),
    };
    const whole = {
      ...change,
      put: [...(change?.put ?? []), { key: longRunningKey(subscriptionId, record.id), value: encode(ended) }],
      delete: [...(change?.delete ?? []), underWayKey(subscriptionId, record.id)],
    };
    try {
      await this.#parts.store.transact(whole);
    } catch (failure) {
      if (!(failure instanceof Conflict) || again === undefined) throw failure;
      return again();
    }
    await this.#parts.committed(whole);
    return undefined;
  }
}

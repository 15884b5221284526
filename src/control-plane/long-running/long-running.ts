import { longRunningKey } from '../keys.ts';
import { isPassing } from '../../schedule/due.ts';
import type { OperationSubject } from '../../schedule/due.ts';
import type { DueHandler, DueOutcome } from '../../schedule/handler.ts';
import type { Claim } from '../../schedule/leases.ts';
import type { Scheduler } from '../../schedule/scheduler.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { Conflict, merge } from '../../store/store.ts';
import type { Put, Store, Transaction } from '../../store/store.ts';
import type { ArmError, OperationRecord, WorkKind, WorkEnd } from './operation.ts';

/** The functions for a kind of work. */
interface Work {
  /**
   * Does the work if the request that accepted it left no function: after a restart, and if the record alone is enough.
   */
  readonly run: (record: OperationRecord) => Promise<WorkEnd>;
  /** Ends the work after an unexpected error. */
  readonly fail?: (record: OperationRecord, error: ArmError) => Promise<WorkEnd>;
}

export type Works = Readonly<Record<WorkKind, Work>>;

interface LongRunningServices {
  readonly store: Store;
  readonly schedule: Pick<Scheduler, 'claim' | 'carryOut'>;
  readonly works: Works;
  readonly now: () => number;
  /** Called with every change that has committed. */
  readonly committed: (change: Transaction) => Promise<void>;
  readonly logError: (error: unknown, requestId: string) => void;
}

/** Work that this process accepted, and a promise of its end. */
interface AcceptedWork {
  readonly work: (() => Promise<WorkEnd>) | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

/** The puts that make sure that the operation is carried out, even after a crash. */
interface Claimed {
  readonly put: readonly Put[];
  readonly claim?: Claim;
}

/** The most attempts of an operation that fails although the store can be written: they take about half a minute. */
const attemptsMax = 6;

/**
 * Long-running operations. The transaction that accepts one also stores it as due work, so that it is retried while the
 * store fails and resumed after a crash. The deletion of a group and the purge of a vault resume where they were, and
 * may do a step twice. A deployment cannot continue in another process, because the values of its secure parameters are
 * not stored: it is marked as failed.
 */
export class LongRunning {
  readonly #services: LongRunningServices;
  readonly #own = new Map<string, AcceptedWork>();
  #closing = false;

  constructor(services: LongRunningServices) {
    this.#services = services;
  }

  /** The puts to commit together with the record of an accepted operation. */
  claim({ id, status, behalf }: OperationRecord): Claimed {
    if (status !== 'Running') return { put: [] };
    const { subscriptionId } = behalf.subscription;
    const claim = this.#services.schedule.claim('operation', { subscriptionId, operationId: id });
    return { put: [claim.put], claim };
  }

  /** Starts the work of an operation whose claim has committed. */
  begin({ id }: OperationRecord, { claim }: Claimed, work?: () => Promise<WorkEnd>): void {
    if (claim === undefined) return;
    if (!this.#closing) this.#own.set(id, { work, ended: Promise.withResolvers() });
    this.#services.schedule.carryOut(claim);
  }

  /** The scheduler calls this until the operation has ended. */
  readonly carryOut: DueHandler<OperationSubject> = async ({ subscriptionId, operationId }, _now, attempt) => {
    const key = longRunningKey(subscriptionId, operationId);
    const [stored] = await readRecords(this.#services.store, { get: [key] });
    const record = stored?.value;
    if (record?.status !== 'Running') {
      this.#forget(operationId);
      return {};
    }
    const { status, error, change } = await this.#endOf(record, attempt);
    const ended: OperationRecord = {
      ...record,
      status,
      endedAt: this.#services.now(),
      ...(error !== undefined && { error }),
    };
    return this.#outcome(operationId, merge(change, { put: [recordPut(key, ended)] }));
  };

  /** Waits until an operation of this process has ended, or the server shuts down. */
  async settled(id: string): Promise<void> {
    await this.#own.get(id)?.ended.promise;
  }

  /** Whether the server is shutting down: work stops at a point where it can be resumed. */
  get closing(): boolean {
    return this.#closing;
  }

  /** Stops the work; the next start resumes it. */
  close(): Promise<void> {
    this.#closing = true;
    for (const id of this.#own.keys()) this.#forget(id);
    return Promise.resolve();
  }

  #outcome(id: string, change: Transaction): DueOutcome {
    return {
      change,
      committed: async () => {
        try {
          await this.#services.committed(change);
        } finally {
          this.#forget(id);
        }
      },
    };
  }

  #forget(id: string): void {
    this.#own.get(id)?.ended.resolve();
    this.#own.delete(id);
  }

  async #endOf(record: OperationRecord, attempt: number): Promise<WorkEnd> {
    const { works, logError } = this.#services;
    const { run, fail } = works[record.kind];
    try {
      return await (this.#own.get(record.id)?.work ?? (() => run(record)))();
    } catch (error) {
      const isTriedAgain = isPassing(error) || error instanceof Conflict || attempt < attemptsMax;
      if (this.#closing || isTriedAgain) throw error;
      logError(error, record.behalf.correlationId);
      const failed = { code: 'InternalServerError', message: 'An unexpected error occurred.' };
      return (await fail?.(record, failed)) ?? { status: 'Failed', error: failed };
    }
  }
}

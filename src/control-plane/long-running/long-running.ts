import { longRunningKey } from '../keys.ts';
import { TryLater } from '../../schedule/due.ts';
import type { OperationSubject } from '../../schedule/due.ts';
import type { DueHandler, DueOutcome } from '../../schedule/handler.ts';
import type { Claim } from '../../schedule/leases.ts';
import type { Scheduler } from '../../schedule/scheduler.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { Conflict, merge } from '../../store/store.ts';
import type { Put, Store, Transaction } from '../../store/store.ts';
import type { ArmError, OperationRecord, WorkKind, WorkEnd } from './operation.ts';

/** What is done for a kind of work. */
interface Work {
  /** When nobody who accepted it does it: after a restart, and where it needs no more than is stored. */
  readonly run: (record: OperationRecord) => Promise<WorkEnd>;
  /** How it ends when it cannot be done for a reason that nobody foresaw. */
  readonly fail?: (record: OperationRecord, error: ArmError) => Promise<WorkEnd>;
}

export type Works = Readonly<Record<WorkKind, Work>>;

interface LongRunningServices {
  readonly store: Store;
  readonly schedule: Pick<Scheduler, 'claim' | 'carryOut'>;
  readonly works: Works;
  readonly now: () => number;
  /** Called with the keys of every commit. */
  readonly committed: (change: Transaction) => Promise<void>;
  readonly logError: (error: unknown, requestId: string) => void;
}

/** Work that this process was given with the request, and whoever waits for its end. */
interface Own {
  readonly work: (() => Promise<WorkEnd>) | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

/** What a transaction puts so that the operation is carried out, also after a crash. */
interface Begun {
  readonly put: readonly Put[];
  readonly claim?: Claim;
}

/** How often an operation is tried that fails although the store can be written: some half a minute. */
const attemptsMax = 6;

/**
 * Long-running operations. They are due work from the transaction that accepts them on, so that they are tried again
 * while the store fails, and taken up again after a crash. Groups are deleted and vaults cleared from where they were,
 * which may be done twice; a deployment cannot go on in another process, for the values of its secure parameters are
 * stored nowhere, and is marked as failed.
 */
export class LongRunning {
  readonly #services: LongRunningServices;
  readonly #own = new Map<string, Own>();
  #closing = false;

  constructor(services: LongRunningServices) {
    this.#services = services;
  }

  /** To be committed with the record of an operation that is accepted. */
  claim({ id, status, behalf }: OperationRecord): Begun {
    if (status !== 'Running') return { put: [] };
    const { subscriptionId } = behalf.subscription;
    const claim = this.#services.schedule.claim('operation', { subscriptionId, operationId: id });
    return { put: [claim.put], claim };
  }

  /** Starts the work of an operation whose claim is committed. */
  begin({ id }: OperationRecord, { claim }: Begun, work?: () => Promise<WorkEnd>): void {
    if (claim === undefined) return;
    if (!this.#closing) this.#own.set(id, { work, ended: Promise.withResolvers() });
    this.#services.schedule.carryOut(claim);
  }

  /** What the scheduler calls, again and again until the operation has ended. */
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

  /** Waits until an operation of this process has ended, or the server is ending. */
  async settled(id: string): Promise<void> {
    await this.#own.get(id)?.ended.promise;
  }

  /** Whether the server is ending: work stops where it can be taken up again. */
  get closing(): boolean {
    return this.#closing;
  }

  /** What is under way stops where the next start takes it up. */
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
      const isPassing = error instanceof TryLater || error instanceof Conflict;
      if (this.#closing || isPassing || attempt < attemptsMax) throw error;
      logError(error, record.behalf.correlationId);
      const failed = { code: 'InternalServerError', message: 'An unexpected error occurred.' };
      return (await fail?.(record, failed)) ?? { status: 'Failed', error: failed };
    }
  }
}

/**
 * Does what vaults do by themselves when the time has come. The work is records in the store (`due.ts`), put in the
 * transaction that makes it necessary. To add a kind of work: put `duePut(kind, at, subject)` in that transaction, and a
 * `DueHandler` for the kind into the worker's table (`src/worker/due-handlers.ts`).
 *
 * A handler looks at its subject anew, decides, and returns what is to change. It is called again when that failed, and
 * also when it did not: what it does besides returning a change must bear being done twice. The change commits in one
 * transaction with the end of the due record and, where the handler gives one, an audit record; so work is done once, by
 * whichever node.
 */
import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/audit.ts';
import { auditRecord } from '../audit/record.ts';
import { Conflict, together } from '../store/store.ts';
import type { Store, Transaction } from '../store/store.ts';
import { duePrefix, duePutAgain, dueTime, readDue } from './due.ts';
import type { Due, DueKind, DueSubject } from './due.ts';

/**
 * @param now milliseconds since 1970
 * @throws whatever it likes: the failure is logged and the work is tried again, later and later
 */
export type DueHandler = (subject: DueSubject, now: number) => Promise<DueOutcome>;

export interface DueOutcome {
  /** With what it rests on in `require`. Absent when the work is not due any more: then it is dropped. */
  readonly change?: Transaction;
  /** What the audit log says of the change. Absent where it only tidies up. */
  readonly audit?: DueAudit;
}

/** The audit record of what the service did by itself: it has neither a caller nor a source. */
export interface DueAudit {
  /** As Azure names it: `SecretPurge`. */
  readonly operationName: string;
  /** ARM id of the vault. */
  readonly resourceId: string;
  /** URL of the object; absent where it is the vault. */
  readonly objectId?: string;
  /** More of Azure's properties; never a value, a token or key material. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

export interface SchedulerParts {
  readonly store: Store;
  readonly audit: Audit;
  readonly handlers: Readonly<Partial<Record<DueKind, DueHandler>>>;
  readonly now: () => number;
  /** The detail of a failure; `work` is the key of the due record. */
  readonly logError: (error: unknown, work: string) => void;
}

/** How long one node may work on a record before another one takes it over. */
const leaseMs = 60_000;
const batchSize = 16;
/** How often the work is decided anew at once, because something changed meanwhile. */
const decisionsMax = 5;
const firstRetryMs = 1000;
const longestRetryMs = 3_600_000;
/** Other nodes' records, and clocks that were set, are noticed within this time. */
const longestSleepMs = 60_000;

/** A due record that this node has to itself until the lease, which is its time now, is over. */
interface Taken extends Due {
  readonly key: string;
  readonly version: string;
  /** When the work was due, in milliseconds since 1970. */
  readonly dueAt: number;
}

export class Scheduler {
  readonly #parts: SchedulerParts;
  #running: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings, in milliseconds since 1970. */
  #wakeAt = Infinity;
  #started = false;
  #closed = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
  }

  /** Does what became due while the server was down, and from now on whatever becomes due. Not waited for. */
  start(): void {
    this.#started = true;
    this.#sleepUntil(this.#parts.now());
  }

  /** Something is due at that time that was not before, in milliseconds since 1970. */
  wake(at: number): void {
    if (at < this.#wakeAt) this.#sleepUntil(at);
  }

  /**
   * Does everything that is due now, also what comes of it, and is over when that is done or has failed and waits for
   * its next attempt.
   */
  runDue(): Promise<void> {
    this.#queued ??= this.#running.then(() => {
      this.#queued = undefined;
      const run = this.#workOff();
      this.#running = run.catch(() => {});
      return run;
    });
    return this.#queued;
  }

  /** Lets the work under way come to its end, and begins no other. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#queued?.catch(() => {});
    await this.#running;
  }

  #sleepUntil(at: number): void {
    if (!this.#started || this.#closed) return;
    clearTimeout(this.#timer);
    const ms = Math.min(Math.max(0, at - this.#parts.now()), longestSleepMs);
    this.#wakeAt = at;
    this.#timer = setTimeout(() => void this.#ring(), ms).unref();
  }

  async #ring(): Promise<void> {
    this.#wakeAt = Infinity;
    try {
      await this.runDue();
      const [next] = await this.#parts.store.list({ prefix: duePrefix, limit: 1 });
      const at = next === undefined ? Infinity : dueTime(next.key);
      // Something nearer may have been announced meanwhile.
      if (at <= this.#wakeAt) this.#sleepUntil(at);
    } catch (error) {
      if (this.#closed) return;
      this.#parts.logError(error, duePrefix);
      this.#sleepUntil(this.#parts.now() + firstRetryMs);
    }
  }

  async #workOff(): Promise<void> {
    while (!this.#closed) {
      const taken = await this.#take();
      if (taken.length === 0) return;
      // In the order of their times; but no kind waits for another: an issuer that is slow must not hold up a purge.
      const kinds = [...Map.groupBy(taken, ({ kind }) => kind).values()];
      await Promise.all(kinds.map((works) => this.#each(works)));
    }
  }

  async #each(works: readonly Taken[]): Promise<void> {
    for (const work of works) await this.#do(work);
  }

  /**
   * Takes what is due under a lease: the records move to the lease's end, if they still are what was read. If this node
   * dies they simply are due again by then, for whoever sees them.
   */
  async #take(): Promise<readonly Taken[]> {
    const { store, now } = this.#parts;
    for (;;) {
      const time = now();
      const records = await store.list({ prefix: duePrefix, limit: batchSize });
      const due = records.filter(({ key }) => dueTime(key) <= time);
      // The same work may have been asked for at several times. Once is enough.
      const leased = new Map<string, Omit<Taken, 'version'>>();
      for (const record of due) {
        const read = readDue(record);
        const work = { ...read, dueAt: read.at, at: time + leaseMs, attempts: read.attempts + 1 };
        const { key } = duePutAgain(work);
        if (!leased.has(key)) leased.set(key, { ...work, key });
      }
      const works = [...leased.values()];
      try {
        const versions = await store.transact({
          require: due.map(({ key, version }) => ({ key, version })),
          put: works.map(duePutAgain),
          delete: due.map(({ key }) => key),
        });
        return works.map((work, index) => ({ ...work, version: versions[index] ?? '' }));
      } catch (error) {
        // Another node was first with one of them, or has just dropped it.
        if (!(error instanceof Conflict)) throw error;
      }
    }
  }

  async #do(work: Taken): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#decideAndCommit(work);
    } catch (error) {
      await this.#failed(work, error);
    }
  }

  async #decideAndCommit(work: Taken): Promise<void> {
    const { handlers, now } = this.#parts;
    const handler = isKnown(work.kind, handlers) ? handlers[work.kind] : undefined;
    if (handler === undefined) throw new Error(`nothing here does work of the kind ${work.kind}`);
    for (let decision = 1; ; decision += 1) {
      try {
        const began = now();
        await this.#commit(work, await handler(work.subject, began), began);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (error.key === work.key) return;
        if (decision === decisionsMax) throw error;
      }
    }
  }

  async #commit(work: Taken, { change = {}, audit }: DueOutcome, began: number): Promise<void> {
    const staged = audit === undefined ? undefined : this.#parts.audit.stage(this.#record(work, audit, began));
    const done = { require: [{ key: work.key, version: work.version }], delete: [work.key] };
    const recorded = staged === undefined ? undefined : { put: [staged.put] };
    await this.#parts.store.transact(together(change, recorded, done));
    if (staged !== undefined) this.#parts.audit.committed();
  }

  #record({ kind, dueAt }: Taken, { operationName, resourceId, objectId, properties }: DueAudit, began: number) {
    return auditRecord({
      at: began,
      durationMs: this.#parts.now() - began,
      operationName,
      apiVersion: '',
      resourceId,
      status: 200,
      correlationId: randomUUID(),
      requestUri: undefined,
      objectId,
      properties: { ...properties, scheduled: { kind, dueAt: new Date(dueAt).toISOString() } },
    });
  }

  /** The record moves to its next attempt, unless another node has it by now. */
  async #failed(work: Taken, cause: unknown): Promise<void> {
    const { store, now, logError } = this.#parts;
    logError(cause, work.key);
    const delay = Math.min(firstRetryMs * 2 ** (work.attempts - 1), longestRetryMs);
    try {
      await store.transact({
        require: [{ key: work.key, version: work.version }],
        put: [duePutAgain({ ...work, at: now() + delay })],
        delete: [work.key],
      });
    } catch (error) {
      // It is due again when its lease is over.
      if (!(error instanceof Conflict)) logError(error, work.key);
    }
  }
}

function isKnown(kind: string, handlers: SchedulerParts['handlers']): kind is DueKind {
  return Object.hasOwn(handlers, kind);
}

/**
 * Does what the server does by itself at a certain time, and what the resource manager continues after its answer. The
 * work is records in the store (`due.ts`), put in the transaction that makes it necessary; a process that does one has
 * a lease of it (`leases.ts`). To add a kind of work: put `duePut(kind, at, subject)` in that transaction, and add a
 * `DueHandler` for the kind to the worker's table (`src/worker/due-handlers.ts`).
 *
 * A handler reads its subject, decides, and returns the change. It is called again if the commit fails, and it may be
 * called again even if it did not: side effects other than the change must be safe to repeat. The change commits in one
 * transaction with the end of the lease and, where the handler returns one, an audit record; so the work is done once,
 * by whichever process. Work that failed is tried again, later each time, even while the store cannot write at all.
 */
import { randomUUID } from 'node:crypto';
import type { Audit } from '../audit/audit.ts';
import { auditRecord } from '../audit/record.ts';
import { Conflict, merge } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import { dueKey, duePrefix, dueTime, isPassing } from './due.ts';
import type { AnySubject, DueKind } from './due.ts';
import type { DueAudit, DueHandler, DueHandlers, DueOutcome } from './handler.ts';
import { Leases } from './leases.ts';
import type { Claim, Leased } from './leases.ts';
import { WorkInHand } from './work-in-hand.ts';

export interface SchedulerParts {
  readonly store: Store;
  readonly audit: Audit;
  readonly handlers: DueHandlers;
  readonly now: () => number;
  /** Whether no other process can have this store open. */
  readonly alone: boolean;
  /** `work` is the key of the due record. */
  readonly logError: (error: unknown, work: string) => void;
}

/** How many works on vaults are taken at a time. Operations are not counted, because they may wait for each other. */
const takenMax = 64;
const batchSize = 16;
/** How often a handler is called again at once because a record changed meanwhile. */
const decisionsMax = 5;
const firstRetryMs = 1000;
const longestRetryMs = 3_600_000;
/** For a failure that passes by itself or when an operator acts, such as a full disk: it is noticed soon afterwards. */
const longestRetryWhileUnavailableMs = 10_000;
/** A clock that was set is noticed within this time; beside other processes also what they left. */
const longestSleepMs = { alone: 60_000, shared: 10_000 };

/** Work whose failure could not be stored: still leased, and tried again from memory. */
interface Held {
  readonly work: Leased;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly failures: number;
}

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #leases: Leases;
  readonly #hand: WorkInHand;
  /**
   * By kind: works of one kind are done one after the other, and kinds do not wait for each other. Each operation has
   * its own lane.
   */
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #held = new Map<string, Held>();
  #taken = 0;
  #beginning: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer rings, in milliseconds since 1970. */
  #wakeAt = Infinity;
  #failures = 0;
  /** The time of the last look. */
  #lookedAt = Infinity;
  #started = false;
  #closed = false;

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#leases = new Leases(parts);
    this.#hand = new WorkInHand(this.#leases, parts);
  }

  /** Does what became due while the server was down, and from now on whatever becomes due. Returns at once. */
  start(): void {
    this.#started = true;
    this.#sleepUntil(this.#parts.now());
  }

  /** Tells the scheduler that something is due at that time, in milliseconds since 1970. */
  wake(at: number): void {
    if (at < this.#wakeAt) this.#sleepUntil(at);
  }

  /** Begins work in this process: put `put` in the transaction that makes it necessary, then call `carryOut`. */
  claim(kind: DueKind, subject: AnySubject): Claim {
    return this.#leases.claim(kind, subject);
  }

  /** Begins claimed work after its claim was committed. Returns at once. */
  carryOut({ work }: Claim): void {
    this.#begin(work);
  }

  /**
   * Does everything that is due now, and whatever becomes due by it. Resolves when all of it is done, or has failed and
   * waits for its next attempt.
   */
  async runDue(): Promise<void> {
    for (;;) {
      await this.#takeDue();
      if (this.#lanes.size === 0) return;
      await Promise.race(this.#lanes.values());
    }
  }

  /** Waits for the work in progress, and begins no more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#beginning;
    await Promise.all(this.#lanes.values());
    await this.#hand.close();
  }

  #sleepUntil(at: number): void {
    if (!this.#started || this.#closed) return;
    clearTimeout(this.#timer);
    const { now, alone } = this.#parts;
    const ms = Math.min(Math.max(0, at - now()), longestSleepMs[alone ? 'alone' : 'shared']);
    this.#wakeAt = at;
    this.#timer = setTimeout(() => void this.#ring(), ms).unref();
  }

  async #ring(): Promise<void> {
    const { now, logError } = this.#parts;
    this.#wakeAt = Infinity;
    try {
      await this.#takeDue();
      const at = await this.#nextTime();
      this.#failures = 0;
      // Earlier work may have been announced meanwhile.
      if (at <= this.#wakeAt) this.#sleepUntil(at);
    } catch (error) {
      if (this.#closed) return;
      logError(error, duePrefix);
      this.#failures += 1;
      this.#sleepUntil(now() + backOff(this.#failures, longestRetryWhileUnavailableMs));
    }
  }

  /** While the most works are taken, the end of one of them wakes the scheduler. */
  async #nextTime(): Promise<number> {
    const held = [...this.#held.values()].map(({ at }) => at);
    const [due] = this.#taken < takenMax ? await this.#parts.store.list({ prefix: duePrefix, limit: 1 }) : [];
    return Math.min(...held, due === undefined ? Infinity : dueTime(due.key));
  }

  /** One look after the other: two at the same time would take the same work. */
  #takeDue(): Promise<void> {
    const taken = this.#beginning.then(() => this.#takeInTurn());
    this.#beginning = taken.catch(() => {});
    return taken;
  }

  async #takeInTurn(): Promise<void> {
    const time = this.#parts.now();
    // At the start, and when the clock was set back.
    if (time < this.#lookedAt) await this.#leases.moveForward(longestRetryMs);
    this.#lookedAt = time;
    // Held work first: it needs no write to be tried again.
    for (const [key, { work, at, failures }] of this.#held) {
      if (at > time && at - time <= longestRetryWhileUnavailableMs) continue;
      this.#held.delete(key);
      this.#begin(work, failures);
    }
    await this.#leases.takeOver();
    while (!this.#closed && this.#taken < takenMax) {
      const works = await this.#leases.take(batchSize);
      if (works.length === 0) return;
      for (const work of works) this.#begin(work);
    }
  }

  #begin(work: Leased, failures = 0): void {
    this.#hand.add(work);
    const isOperation = work.kind === 'operation';
    const lane = isOperation ? work.key : work.kind;
    if (!isOperation) this.#taken += 1;
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const done = before
      .then(() => this.#do(work, failures))
      .finally(() => {
        if (this.#lanes.get(lane) === done) this.#lanes.delete(lane);
        if (isOperation) return;
        if (this.#taken === takenMax) this.#sleepUntil(this.#parts.now());
        this.#taken -= 1;
      });
    this.#lanes.set(lane, done);
  }

  /** Work in progress when the server ends keeps its lease, and is taken over at the next start; or others get it at once. */
  async #do(work: Leased, failures: number): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#decideAndCommit(work);
    } catch (error) {
      if (!this.#closed) await this.#failed(work, error, failures);
    }
    if (!this.#closed && !this.#held.has(work.key)) this.#hand.remove(work);
  }

  async #decideAndCommit(work: Leased): Promise<void> {
    for (let decision = 1; ; decision += 1) {
      try {
        const began = this.#parts.now();
        await this.#commit(work, await this.#handle(work, began), began);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (error.key === work.key) return;
        if (decision === decisionsMax) throw error;
      }
    }
  }

  #handle({ kind, subject, attempts }: Leased, now: number): Promise<DueOutcome> {
    const { operation, ...ofVaults } = this.#parts.handlers;
    if ('operationId' in subject) {
      if (operation !== undefined) return operation(subject, now, attempts);
    } else {
      const handler = isKnown(kind, ofVaults) ? ofVaults[kind] : undefined;
      if (handler !== undefined) return handler(subject, now, attempts);
    }
    return Promise.reject(new Error(`no handler does work of the kind ${kind}`));
  }

  async #commit(work: Leased, { change = {}, audit, committed }: DueOutcome, began: number): Promise<void> {
    const lease = await this.#hand.ending(work);
    const done = { require: [{ key: lease.key, version: lease.version }], delete: [lease.key] };
    const put = audit === undefined ? [] : [this.#parts.audit.stage(this.#record(work, audit, began)).put];
    try {
      await this.#parts.store.transact(merge(change, { put }, done));
    } catch (error) {
      this.#parts.audit.failed(put, error);
      this.#hand.goOn(work);
      throw error;
    }
    this.#hand.remove(work);
    if (put.length > 0) this.#parts.audit.committed(put);
    for (const { key } of change.put ?? []) if (key.startsWith(duePrefix)) this.wake(dueTime(key));
    await committed?.();
  }

  #record({ kind, dueAt }: Leased, { operationName, resourceId, objectId, properties }: DueAudit, began: number) {
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

  /** Gives the work back until its next attempt, unless another process has taken it over. */
  async #failed(work: Leased, cause: unknown, failures: number): Promise<void> {
    const { now, logError } = this.#parts;
    const name = dueKey(work.kind, work.dueAt, work.subject);
    logError(cause, name);
    const longestMs = isPassing(cause) ? longestRetryWhileUnavailableMs : longestRetryMs;
    const at = now() + backOff(work.attempts, longestMs);
    try {
      await this.#leases.putOff(await this.#hand.ending(work), at);
      this.#hand.remove(work);
      this.wake(at);
    } catch (error) {
      this.#hand.goOn(work);
      if (error instanceof Conflict) return;
      logError(error, name);
      const heldUntil = now() + backOff(failures + 1, longestRetryWhileUnavailableMs);
      this.#held.set(work.key, { work, at: heldUntil, failures: failures + 1 });
      this.wake(heldUntil);
    }
  }
}

/** Milliseconds from a failure to the next attempt, doubled each time. */
function backOff(failures: number, longestMs: number): number {
  return Math.min(firstRetryMs * 2 ** (failures - 1), longestMs);
}

function isKnown<K extends string>(kind: string, handlers: Readonly<Partial<Record<K, DueHandler>>>): kind is K {
  return Object.hasOwn(handlers, kind);
}

export type TransactionResult = 'committed' | 'conflict' | 'failed';

/** A commit takes milliseconds, and seconds on a disk that is overloaded. */
const hungMs = 10_000;

/** The way to a database that is not of this process alone. */
export interface DatabaseReport {
  readonly reachable: boolean;
  /** A sentence, if it is not. */
  readonly why?: string | undefined;
  /** Why it must not be used although it is reachable, by name: sentences for those that hold. */
  readonly faults: Readonly<Record<string, string | undefined>>;
  /** How long ago the last acknowledged heartbeat began. */
  readonly heartbeatAgeMs?: number | undefined;
  /** This machine's clock minus that of the database. */
  readonly clockAheadMs?: number | undefined;
}

/** The store's state, as its transactions show it. Times are milliseconds of one clock that never goes back. */
export class StoreState {
  readonly counts: Record<TransactionResult, number> = { committed: 0, conflict: 0, failed: 0 };
  #inFlight = 0;
  /** When the first of those in flight began, or a later one ended. */
  #movedAtMs = 0;
  #failure: string | undefined;
  #lost: string | undefined;
  #database: (() => DatabaseReport) | undefined;

  get inFlight(): number {
    return this.#inFlight;
  }

  begin(nowMs: number): void {
    if (this.#inFlight === 0) this.#movedAtMs = nowMs;
    this.#inFlight += 1;
  }

  /** `why`: of a failure. */
  end(result: TransactionResult, nowMs: number, why?: string): void {
    this.#inFlight -= 1;
    this.#movedAtMs = nowMs;
    this.counts[result] += 1;
    if (result === 'failed') this.#failure = why ?? 'unknown';
    // A conflict was found out by reading, which says nothing about writing.
    else if (result === 'committed') this.#failure = undefined;
  }

  /** The database is elsewhere, and `report` says how the way to it is. */
  watch(report: () => DatabaseReport): void {
    this.#database = report;
  }

  /** `undefined`: the database is in files of this process. */
  get database(): DatabaseReport | undefined {
    return this.#database?.();
  }

  /** The files of the database are gone. This process gets them back no more. */
  lose(why: string): void {
    this.#lost = why;
  }

  /** Whether a transaction that succeeds would show that the failure has passed. */
  get mayHaveHealed(): boolean {
    return this.#lost === undefined && this.#failure !== undefined;
  }

  /** Why it cannot be written; `undefined`: it can, as far as is known. */
  failureAt(nowMs: number): string | undefined {
    if (this.#lost !== undefined) return this.#lost;
    const database = this.database;
    if (database?.reachable === false) return `The database cannot be asked: ${database.why ?? 'it is not known why'}`;
    const fault = Object.values(database?.faults ?? {}).find((why) => why !== undefined);
    if (fault !== undefined) return fault;
    const silentMs = this.#inFlight > 0 ? nowMs - this.#movedAtMs : 0;
    if (silentMs >= hungMs) {
      return `The database has not ended a transaction for ${Math.floor(silentMs / 1000)} s: look at its disk.`;
    }
    return this.#failure === undefined ? undefined : `The database cannot be written: ${this.#failure}`;
  }
}

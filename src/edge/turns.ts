import type { Audit } from '../audit/audit.ts';
import type { RecordLine } from '../audit/record.ts';
import type { ParsedOnce } from '../store/records.ts';
import type { ReadResult, Store } from '../store/store.ts';
import type { Connection, EdgeRequest } from './edge.ts';
import { RequestUnderWay } from './pending.ts';
import type { Asked, Asking, Machine, Pending } from './pending.ts';

export interface TurnsParts {
  readonly store: Pick<Store, 'readMany' | 'transact'>;
  readonly audit: Pick<Audit, 'readNow' | 'stage' | 'committed' | 'refused'>;
  /** The detail of a failure that the client is told nothing of. */
  readonly logError: (error: unknown, requestId: string) => void;
}

/** How many requests are decided together at most, how many of one connection, and how many of it may wait. */
const limits = { turn: 256, connection: 8, waiting: 32 };

/** How often the requests of one turn are asked what they must read. Who needs more goes on in the next. */
const roundsMax = 3;

/**
 * A turn of the event loop is a batch. Requests that have come are decided together, after one look whether anybody has
 * committed; what they read is read in one snapshot and opened in one loop; and nobody is answered before all are decided
 * and recorded, in one write. In between each runs straight through.
 *
 * It is stricter than deciding each when it comes, for the look comes after all of them; and much cheaper, for what is
 * done in a loop finds its code and data in the processor's caches (bench/README.md).
 */
export class Turns {
  readonly #parts: TurnsParts;
  readonly #machine: Machine;
  #waiting: Pending[] = [];
  #scheduled = false;
  readonly #paused = new Set<Connection>();
  /** Requests that are not over yet, wherever they wait. */
  #live = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(parts: TurnsParts) {
    this.#parts = parts;
    const join = (request: Pending) => this.#join(request);
    const end = () => {
      this.#live -= 1;
      if (this.#live === 0) this.#idle?.resolve();
    };
    this.#machine = { ...parts, turns: { join, end } };
  }

  /** Answers a request, in this turn where it waits for nothing. */
  answer<Request extends EdgeRequest, World, Facts extends object>(asking: Asking<Request, World, Facts>): void {
    this.#live += 1;
    this.#join(new RequestUnderWay(asking, this.#machine));
  }

  /** Fulfilled when no request is under way: what they need may be closed then. */
  async close(): Promise<void> {
    if (this.#live === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #join(request: Pending): void {
    this.#waiting.push(request);
    this.#schedule();
  }

  /** After the callbacks of this turn's sockets. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const turn = this.#take();
    for (const request of turn) request.goOn();
    this.#read(turn, 1);
  }

  #read(turn: readonly Pending[], round: number): void {
    const asking = turn.filter((request) => request.asks !== undefined);
    if (asking.length > 0 && round > roundsMax) {
      for (const request of asking) this.#join(request);
    } else if (asking.length > 0) {
      const met = meet(asking, this.#parts.store);
      if (met !== undefined) void met.then(() => this.#read(turn, round + 1));
      else this.#read(turn, round + 1);
      return;
    }
    this.#settle(turn);
  }

  /** Writes what was read, all of it or none, and then answers. */
  #settle(turn: readonly Pending[]): void {
    const read: Pending[] = [];
    const lines: RecordLine[] = [];
    for (const request of turn) {
      const done = request.settle();
      if (done === undefined) continue;
      read.push(request);
      lines.push(...done);
    }
    if (read.length === 0) return;
    const fail = (error: unknown) => read.forEach((request) => request.fail(error));
    try {
      const synced = this.#parts.audit.readNow(lines);
      const answer = () => read.forEach((request) => request.recorded());
      if (synced === undefined) answer();
      else synced.then(answer, fail);
    } catch (error) {
      fail(error);
    }
  }

  /** The next requests, so many of each connection; a connection that has had its part waits behind those that have not. */
  #take(): readonly Pending[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length <= limits.connection) return waiting;
    const taken: Pending[] = [];
    const counts = new Map<Connection, number>();
    const left: Pending[] = [];
    for (const request of waiting) {
      const count = counts.get(request.connection) ?? 0;
      if (count < limits.connection && taken.length < limits.turn) {
        counts.set(request.connection, count + 1);
        taken.push(request);
      } else left.push(request);
    }
    if (left.length > 0 || this.#paused.size > 0) this.#leave(left, counts);
    return taken;
  }

  #leave(left: readonly Pending[], served: ReadonlyMap<Connection, number>): void {
    const first = left.filter(({ connection }) => !served.has(connection));
    this.#waiting = [...first, ...left.filter(({ connection }) => served.has(connection))];
    if (left.length > 0) this.#schedule();
    const counts = new Map<Connection, number>();
    for (const { connection } of left) counts.set(connection, (counts.get(connection) ?? 0) + 1);
    for (const [connection, count] of counts) {
      if (count <= limits.waiting || this.#paused.has(connection)) continue;
      connection.pause();
      this.#paused.add(connection);
    }
    for (const connection of this.#paused) {
      if ((counts.get(connection) ?? 0) > limits.waiting) continue;
      this.#paused.delete(connection);
      connection.resume();
    }
  }
}

/** Reads for all that ask, and gives each what it asked for or its own failure. */
function meet(asking: readonly Pending[], store: Pick<Store, 'readMany'>): Promise<void> | undefined {
  const failAll = (error: unknown) => give(asking.map(() => ({ ok: false, error })));
  const give = (results: readonly ReadResult[]) => {
    const once: ParsedOnce = new Map();
    for (const [index, request] of asking.entries()) request.take(results[index] ?? { ok: true, records: [] }, once);
    for (const request of asking) request.goOn();
  };
  try {
    const results = store.readMany(asking.map(({ asks }): Asked => asks ?? { get: [] }));
    if (results instanceof Promise) return results.then(give, failAll);
    give(results);
  } catch (error) {
    failAll(error);
  }
  return undefined;
}

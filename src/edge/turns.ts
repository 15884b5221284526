import type { Audit } from '../audit/audit.ts';
import type { RecordLine } from '../audit/line.ts';
import type { ParsedOnce } from '../store/records.ts';
import type { ReadResult, Store } from '../store/store.ts';
import type { Connection, EdgeRequest } from './edge.ts';
import { Flow } from './flow.ts';
import type { Exchange, Pending, PendingServices, StoreRequest } from './exchange.ts';
import { PendingRequest } from './pending.ts';

/** The services that turns use. */
export interface TurnServices {
  readonly store: Pick<Store, 'readMany' | 'transact' | 'turnOf'>;
  readonly audit: Pick<Audit, 'readNow' | 'stage' | 'committed' | 'failed' | 'refused'>;
  /** Logs the detail of a failure, which the client is not told. */
  readonly logError: (error: unknown, requestId: string) => void;
}

/** The largest number of requests that are decided together, and of those from one connection. */
const limits = { turn: 256, connection: 8 };

/**
 * When so many have arrived, they do not wait for the other sockets. A larger batch is not cheaper, its first requests
 * wait longer, and V8 copies all of it at a collection (bench/README.md).
 */
const enough = 64;

/** How many times a request can read in one turn. If it needs more, it continues in the next. */
const roundsMax = 3;

/**
 * A turn of the event loop is a batch. The requests that have arrived are decided together, after one check for new
 * commits; their records are read in one snapshot and opened in one loop; and none is answered before all are decided
 * and their audit records are written, in one write. Between these points each request runs without a pause.
 *
 * This is stricter than to decide each request when it arrives, because the check comes after all of them; and it is
 * much cheaper, because a loop finds its code and data in the processor's caches (bench/README.md).
 */
export class Turns {
  readonly #services: TurnServices;
  readonly #pendingServices: PendingServices;
  #waiting: Pending[] = [];
  #scheduled = false;
  /** How many requests have joined since the last run. */
  #joined = 0;
  /** How many requests are not over yet, in a turn or waiting. */
  #live = 0;
  readonly #flow = new Flow();
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(services: TurnServices) {
    this.#services = services;
    const join = (request: Pending) => this.#join(request);
    const end = (connection: Connection) => {
      this.#flow.end(connection);
      this.#live -= 1;
      if (this.#live > 0) return;
      this.#idle?.resolve();
      this.#idle = undefined;
    };
    this.#pendingServices = { ...services, turns: { join, end } };
  }

  /** Answers a request: in this turn, if it waits for nothing. */
  answer<Request extends EdgeRequest, Services, Facts extends object>(
    exchange: Exchange<Request, Services, Facts>,
  ): void {
    this.#live += 1;
    this.#flow.begin(exchange.request.connection);
    this.#join(new PendingRequest(exchange, this.#pendingServices));
  }

  /** Counts a request that another process answers as one of its connection's until it is over. `over` must not reject. */
  async handOver(connection: Connection, over: Promise<void>): Promise<void> {
    this.#live += 1;
    this.#flow.begin(connection);
    await over;
    this.#pendingServices.turns.end(connection);
  }

  /** Resolves when no request is under way. The services that requests use can be closed then. */
  async close(): Promise<void> {
    if (this.#live === 0) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  #join(request: Pending): void {
    this.#waiting.push(request);
    this.#joined += 1;
    // After the callback of the socket that brought the last one, and before those of the other sockets.
    if (this.#joined === enough) process.nextTick(() => this.#run());
    else this.#schedule();
  }

  /** The batch runs after the callbacks of this turn's sockets. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    this.#joined = 0;
    this.#read(
      this.#take().filter((request) => request.advance()),
      1,
    );
  }

  /** `turn`: the requests that are still in it. */
  #read(turn: readonly Pending[], round: number): void {
    const reading = turn.filter((request) => request.needs !== undefined);
    if (reading.length === 0) this.#settle(turn);
    else if (round > roundsMax) {
      for (const request of reading) this.#join(request);
      this.#settle(turn.filter((request) => request.needs === undefined));
    } else {
      const results = readFor(reading, this.#services.store);
      const give = (given: readonly ReadResult[]) => {
        const left = giveEach(reading, given);
        this.#read(left.size === 0 ? turn : turn.filter((request) => !left.has(request)), round + 1);
      };
      if (results instanceof Promise) void results.then(give);
      else give(results);
    }
  }

  /** Writes the audit records of the requests that only read, all or none, and then answers them. */
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
    const answer = () => read.forEach((request) => request.recorded());
    let synced: Promise<void> | undefined;
    try {
      synced = this.#services.audit.readNow(lines);
    } catch (error) {
      fail(error);
      return;
    }
    if (synced === undefined) answer();
    else synced.then(answer, fail);
  }

  /** Takes the next requests, up to the limits. A connection that had its part now waits behind those that had none. */
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
    if (left.length > 0) {
      const isServed = ({ connection }: Pending) => counts.has(connection);
      this.#waiting = [...left.filter((request) => !isServed(request)), ...left.filter(isServed)];
      this.#schedule();
    }
    return taken;
  }
}

/** The result of each request's read: its records or its own error. */
function readFor(
  reading: readonly Pending[],
  store: Pick<Store, 'readMany'>,
): readonly ReadResult[] | Promise<readonly ReadResult[]> {
  const failAll = (error: unknown) => reading.map((): ReadResult => ({ ok: false, error }));
  try {
    const results = store.readMany(reading.map(({ needs }): StoreRequest => needs ?? { get: [] }));
    return results instanceof Promise ? results.catch(failAll) : results;
  } catch (error) {
    return failAll(error);
  }
}

const stayed: ReadonlySet<Pending> = new Set();

/** Gives each request its result. Returns the requests that have left the turn to wait for something. */
function giveEach(reading: readonly Pending[], results: readonly ReadResult[]): ReadonlySet<Pending> {
  const once: ParsedOnce = new Map();
  for (const [index, request] of reading.entries()) request.take(results[index] ?? unanswered(), once);
  const left = reading.filter((request) => !request.advance());
  return left.length === 0 ? stayed : new Set(left);
}

function unanswered(): ReadResult {
  return { ok: false, error: new Error('a store did not answer one of many reads') };
}

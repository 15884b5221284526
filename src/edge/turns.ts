import type { Audit } from '../audit/audit.ts';
import type { RecordLine } from '../audit/line.ts';
import type { ParsedOnce } from '../store/records.ts';
import type { ReadResult, Store } from '../store/store.ts';
import type { Connection, EdgeRequest } from './edge.ts';
import { Flow } from './flow.ts';
import type { Asked, Asking, Machine, Pending } from './machine.ts';
import { RequestUnderWay } from './pending.ts';

/** What turns ask of the server. */
export interface TurnServices {
  readonly store: Pick<Store, 'readMany' | 'transact'>;
  readonly audit: Pick<Audit, 'readNow' | 'stage' | 'committed' | 'failed' | 'refused'>;
  /** The detail of a failure that the client is told nothing of. */
  readonly logError: (error: unknown, requestId: string) => void;
}

/** How many requests are decided together at most, and how many of one connection. */
const limits = { turn: 256, connection: 8 };

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
  readonly #services: TurnServices;
  readonly #machine: Machine;
  #waiting: Pending[] = [];
  #scheduled = false;
  /** Requests that are not over yet, wherever they wait. */
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
    this.#machine = { ...services, turns: { join, end } };
  }

  /** Answers a request, in this turn where it waits for nothing. */
  answer<Request extends EdgeRequest, Services, Facts extends object>(asking: Asking<Request, Services, Facts>): void {
    this.#live += 1;
    this.#flow.begin(asking.request.connection);
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
    this.#read(
      this.#take().filter((request) => request.goOn()),
      1,
    );
  }

  /** `turn`: those that are still of it. */
  #read(turn: readonly Pending[], round: number): void {
    const asking = turn.filter((request) => request.asks !== undefined);
    if (asking.length === 0) this.#settle(turn);
    else if (round > roundsMax) {
      for (const request of asking) this.#join(request);
      this.#settle(turn.filter((request) => request.asks === undefined));
    } else {
      const results = readFor(asking, this.#services.store);
      const give = (given: readonly ReadResult[]) => {
        const left = giveEach(asking, given);
        this.#read(left.size === 0 ? turn : turn.filter((request) => !left.has(request)), round + 1);
      };
      if (results instanceof Promise) void results.then(give);
      else give(results);
    }
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
    if (left.length > 0) {
      const isServed = ({ connection }: Pending) => counts.has(connection);
      this.#waiting = [...left.filter((request) => !isServed(request)), ...left.filter(isServed)];
      this.#schedule();
    }
    return taken;
  }
}

/** What each of them asked for, or its own failure. */
function readFor(
  asking: readonly Pending[],
  store: Pick<Store, 'readMany'>,
): readonly ReadResult[] | Promise<readonly ReadResult[]> {
  const failAll = (error: unknown) => asking.map((): ReadResult => ({ ok: false, error }));
  try {
    const results = store.readMany(asking.map(({ asks }): Asked => asks ?? { get: [] }));
    return results instanceof Promise ? results.catch(failAll) : results;
  } catch (error) {
    return failAll(error);
  }
}

const stayed: ReadonlySet<Pending> = new Set();

/** Returns those that have left the turn for something that they wait for. */
function giveEach(asking: readonly Pending[], results: readonly ReadResult[]): ReadonlySet<Pending> {
  const once: ParsedOnce = new Map();
  for (const [index, request] of asking.entries()) request.take(results[index] ?? unanswered(), once);
  const left = asking.filter((request) => !request.goOn());
  return left.length === 0 ? stayed : new Set(left);
}

function unanswered(): ReadResult {
  return { ok: false, error: new Error('a store did not answer one of many reads') };
}

import { assertList, assertRead, resultOf, Unavailable } from '../store.ts';
import type { List, Read, ReadResult } from '../store.ts';
import type { Answer } from './connection.ts';
import type { Link } from './link.ts';
import { LinkLost, ServerSaid } from './connection.ts';
import { readAnswer, readSql, readValues } from './read-batch.ts';
import type { Session } from './session.ts';
import { stampOf } from './stamp.ts';
import type { Stamp } from './stamp.ts';

export interface ReadsParts {
  readonly link: Link;
  readonly session: Session;
  readonly schema: string;
  readonly timeoutMs: number;
}

type Request = Read | List;

interface Waiting {
  readonly requests: readonly Request[];
  readonly judging: boolean;
  readonly done: PromiseWithResolvers<readonly ReadResult[]>;
}

/** The most statements under way, and the most requests in one of them. */
const mostUnderWay = 2;
const mostRequests = 512;

/** Of one read, each of which may take its whole time. */
const mostTries = 4;

/** All requests of one turn of the event loop, or that came while others were under way, are one statement. */
export class Reads {
  readonly #parts: ReadsParts;
  readonly #sql: string;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(parts: ReadsParts) {
    this.#parts = parts;
    this.#sql = readSql(parts.schema);
  }

  readMany(requests: readonly Request[], judging: boolean): Promise<readonly ReadResult[]> {
    if (requests.length === 0) return Promise.resolve([]);
    const done = Promise.withResolvers<readonly ReadResult[]>();
    this.#waiting.push({ requests, judging, done });
    this.#schedule();
    return done.promise;
  }

  /** A statement whose first two columns are the stamp: its rows, once they are proved to be the primary's. */
  async ask(text: string, values: readonly (string | null)[], judging: boolean): Promise<Answer> {
    return this.#proved(() => this.#query(text, values), { stampIn: ({ rows }) => stampOf(rows[0]), judging });
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= mostUnderWay || this.#waiting.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#take();
      this.#underWay += 1;
      void this.#run(batch).finally(() => {
        this.#underWay -= 1;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #take(): readonly Waiting[] {
    let size = 0;
    const judging = this.#waiting[0]?.judging;
    const count = this.#waiting.findIndex(({ requests, judging: other }, index) => {
      size += requests.length;
      return index > 0 && (size > mostRequests || other !== judging);
    });
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      const requests = batch.flatMap((each) => each.requests);
      const faults = requests.map((request) => faultOf(request));
      const formed = requests.filter((_, index) => faults[index] === undefined);
      const read = await this.#read(formed, batch[0]?.judging ?? false);
      let at = 0;
      const results = faults.map((fault) => fault ?? read[at++] ?? missing);
      at = 0;
      for (const { requests: own, done } of batch) done.resolve(results.slice(at, (at += own.length)));
    } catch (error) {
      for (const { done } of batch) done.reject(error);
    }
  }

  async #read(requests: readonly Request[], judging: boolean): Promise<readonly ReadResult[]> {
    const values = readValues(requests);
    const read = async () => readAnswer(requests, (await this.#query(this.#sql, values)).rows);
    const { results } = await this.#proved(read, { stampIn: ({ stamp }) => stamp, judging });
    return results;
  }

  /**
   * Asks again where the connection was lost, or another server answered.
   * @throws {Unavailable} when the database cannot be asked for as long as a call is patient, or that goes on
   */
  async #proved<T>(
    ask: () => Promise<T>,
    { stampIn, judging }: { stampIn: (answer: T) => Stamp; judging: boolean },
  ): Promise<T> {
    let why = 'the answers are of a server that is not the primary';
    for (let tries = 0; tries < mostTries; tries += 1) {
      await this.#parts.session.ready(judging);
      try {
        const answer = await ask();
        if (await this.#counts(stampIn(answer), judging)) return answer;
      } catch (error) {
        if (!(error instanceof LinkLost) && !(error instanceof ServerSaid)) throw error;
        why = error.message;
        if (!mayPass(error)) break;
        await this.#parts.session.beat();
      }
    }
    throw new Unavailable(`The database cannot be read: ${why}`);
  }

  async #counts(stamp: Stamp, judging: boolean): Promise<boolean> {
    const { link, session } = this.#parts;
    if (await session.counts(stamp, { kind: 'read', judging })) return true;
    link.drop();
    await session.beat();
    return false;
  }

  #query(text: string, values: readonly (string | null)[]): Promise<Answer> {
    return this.#parts.link.query(text, values, this.#parts.timeoutMs);
  }
}

const missing: ReadResult = { ok: false, error: new Error('a read without a result') };

/** A read can be asked again; of what the server says, where the server or its connection ends, or another client's setting did. */
function mayPass(error: LinkLost | ServerSaid): boolean {
  if (error instanceof LinkLost) return true;
  return ['08', '40', '57', '26', '55'].some((kind) => error.code.startsWith(kind)) || error.code === '53300';
}

function faultOf(request: Request): ReadResult | undefined {
  const result = resultOf(() => {
    if ('get' in request) assertRead(request);
    else assertList(request);
    return [];
  });
  return result.ok ? undefined : result;
}

import { createHash } from 'node:crypto';
import { Conflict, Unavailable } from '../store.ts';
import type { Version } from '../store.ts';
import type { Link } from './link.ts';
import { LinkLost, ServerSaid } from './connection.ts';
import type { Clock } from './proof.ts';
import type { Session } from './session.ts';
import { readStamp } from './stamp.ts';
import { writeValues } from './write-batch.ts';
import type { WaitingTransaction } from './write-batch.ts';

export interface WritesParts {
  readonly link: Link;
  readonly session: Session;
  readonly schema: string;
  readonly node: string;
  readonly clock: Clock;
  readonly history: number;
  /** How long one attempt may take, and how long the outcome of a batch is looked for. */
  readonly timeoutMs: number;
  readonly outcomeMs: number;
}

interface Job {
  readonly transaction: WaitingTransaction;
  readonly judging: boolean;
  readonly done: PromiseWithResolvers<readonly Version[]>;
}

/** The most transactions in one commit, and the bytes of values after which it has enough. */
const mostTransactions = 512;
const mostBytes = 4_194_304;

/**
 * The node's writer: one batch at a time, with all that waited meanwhile in the next. A batch has a number, under which
 * the database keeps its outcomes, so that it can be sent again when the connection was lost.
 */
export class Writes {
  readonly #parts: WritesParts;
  readonly #sql: string;
  #waiting: Job[] = [];
  #isRunning = false;
  #number = 0;

  constructor(parts: WritesParts) {
    this.#parts = parts;
    this.#sql =
      `select verdict, to_json(outcomes)::text, timeline, life, reached::text, :tag ` +
      `from ${parts.schema}.transact($1, $2, $3::bigint, $4, $5::jsonb, $6::bytea, ${parts.history}, 2000)`;
  }

  transact(transaction: WaitingTransaction, judging: boolean): Promise<readonly Version[]> {
    const done = Promise.withResolvers<readonly Version[]>();
    this.#waiting.push({ transaction, judging, done });
    if (!this.#isRunning) void this.#run();
    return done.promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // At the end of the turn, so that what arrives together is committed together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commit(this.#take());
    this.#isRunning = false;
  }

  #take(): readonly Job[] {
    let bytes = 0;
    const judging = this.#waiting[0]?.judging;
    const count = this.#waiting.findIndex((job, index) => {
      const enough = index >= mostTransactions || (index > 0 && bytes >= mostBytes) || job.judging !== judging;
      for (const { value } of job.transaction.put) bytes += value.length;
      return enough;
    });
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count);
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    try {
      const outcomes = await this.#outcomes(jobs);
      for (const [index, { transaction, done }] of jobs.entries()) {
        const conflict = outcomes[index];
        if (conflict === undefined) done.reject(new Error('a transaction without an outcome'));
        else if (conflict === '') done.resolve(transaction.put.map(({ version }) => version));
        else done.reject(new Conflict(conflict));
      }
    } catch (error) {
      for (const { done } of jobs) done.reject(error);
    }
  }

  async #outcomes(jobs: readonly Job[]): Promise<readonly string[]> {
    const { link, session, node, clock, outcomeMs, timeoutMs } = this.#parts;
    const judging = jobs[0]?.judging ?? false;
    this.#number += 1;
    session.sends(this.#number);
    const [batch, contents] = writeValues(jobs.map(({ transaction }) => transaction));
    const digest = createHash('sha256').update(batch).update(contents).digest('base64url');
    const values = [node, session.id, String(this.#number), digest, batch, contents];
    const until = clock().monotonicMs + outcomeMs;
    let mayHaveHappened = false;
    let why = '';
    while (!mayHaveHappened || clock().monotonicMs < until) {
      const begun = clock();
      try {
        await session.ready(judging);
        const answer = await link.commit(this.#sql, values, timeoutMs);
        if (answer.warnings.includes('01000')) throw new LinkLost('the database ended its wait for the standby');
        const [verdict, outcomes, timeline, life, reached] = answer.rows[0] ?? [];
        const stamp = readStamp(timeline, life);
        if (verdict !== 'done')
          throw new Unavailable(`The database does not know this session of the node (${verdict})`);
        // It was committed: a failure to prove by whom does not say that nothing was changed.
        mayHaveHappened = true;
        if (await session.counts(stamp, { kind: 'commit', judging })) {
          session.acknowledged(stamp, { begun, reached: { position: Number(reached), number: this.#number } });
          return outcomesOf(outcomes);
        }
        why = 'a former primary has answered';
        link.drop();
      } catch (error) {
        const verdict = judgeFailure(error);
        why = error instanceof Error ? error.message : String(error);
        if (verdict === 'unknown') mayHaveHappened = true;
        else if (!mayHaveHappened) throw asUnavailable(error);
        else await new Promise((resolve) => setTimeout(resolve, 50));
        await session.beat();
      }
    }
    throw new Unavailable(`The outcome of a change is not known, it may have happened: ${why}`, {
      mayHaveHappened: true,
    });
  }
}

/** `unknown`: the commit may have happened. What the server refused has not. */
function judgeFailure(error: unknown): 'unknown' | 'refused' {
  if (error instanceof LinkLost) return 'unknown';
  if (error instanceof ServerSaid && (error.code.startsWith('57P') || error.code.startsWith('08'))) return 'unknown';
  return 'refused';
}

function asUnavailable(error: unknown): unknown {
  if (!(error instanceof ServerSaid)) return error;
  const why = error.code === '55P03' ? 'another node held the lock of the writers for 2 seconds' : error.message;
  return new Unavailable(`The database refused the change, nothing was changed: ${why}`, { cause: error });
}

function outcomesOf(text: string | null | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(text ?? '[]');
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

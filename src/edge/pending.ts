import { lineOf } from '../audit/line.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Answer } from '../http/answer.ts';
import { recordsOf, requestOf } from '../store/records.ts';
import type { NeedResult, Need, ParsedOnce, Reading } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Put, ReadResult, Transaction } from '../store/store.ts';
import { isServerError, isUnavailable, orUnavailable, refusalOf, Refused } from './edge.ts';
import { ChangeTurn } from './change-queues.ts';
import type { Connection, Done, EdgeRequest, Failed } from './edge.ts';
import { recordRefused } from './record-refused.ts';
import type { Exchange, Pending, PendingServices, StoreRequest } from './exchange.ts';
import type { Walk } from './steps.ts';

/** How many times a request is decided, if what it depends on keeps changing, before it is answered 409, or elsewhere. */
const attemptsMax = { here: 10, elsewhere: 3 };

type Settled = { readonly ok: true; readonly value: NeedResult } | { readonly ok: false; readonly error: unknown };

/** A request from its first step to its answer. */
export class PendingRequest<Request extends EdgeRequest, Services, Facts extends object> implements Pending {
  readonly #services: PendingServices;
  readonly #exchange: Exchange<Request, Services, Facts>;
  readonly #walk: Walk<Request, Services, Facts>;
  #reading: Reading<Done> | undefined;
  readonly #turn: ChangeTurn;
  #attempt = 1;
  needs: StoreRequest | undefined;
  /** The result of its last wait or read, with which it continues. */
  #given: Settled | undefined;
  /** A refusal that must still be confirmed against the rules in force. */
  #confirming: Refused | undefined;
  #end: { readonly done: Done } | { readonly error: unknown } | undefined;

  constructor(exchange: Exchange<Request, Services, Facts>, services: PendingServices) {
    this.#exchange = exchange;
    this.#services = services;
    this.#turn = new ChangeTurn(services.store);
    this.#walk = exchange.edge.steps.begin(exchange.request);
  }

  get connection(): Connection {
    return this.#exchange.request.connection;
  }

  advance(): boolean {
    // It used up its rounds in the turn before, and does not have the result of its read yet.
    if (this.#end !== undefined || (this.needs !== undefined && this.#given === undefined)) return true;
    this.needs = undefined;
    const given = this.#given;
    this.#given = undefined;
    try {
      this.#continue(given);
    } catch (error) {
      // A function of the edge threw while a refusal was handled. Only this request may fail because of it.
      this.#end = { error };
    }
    return this.#end !== undefined || this.needs !== undefined;
  }

  #continue(given: Settled | undefined): void {
    try {
      if (given?.ok === false && (this.#reading === undefined || this.#confirming !== undefined)) {
        if (this.#confirming === undefined) this.#walk.keepRefusal(given.error);
        throw given.error;
      }
      if (this.#confirming !== undefined) this.#end = { error: this.#confirming };
      else if (this.#reading === undefined) this.#take(given);
      else if (given?.ok === false) this.#next(this.#reading.throw(given.error));
      else this.#next(this.#reading.next(...(given === undefined ? [] : [given.value])));
    } catch (error) {
      this.#refused(error);
    }
  }

  #take(given: Settled | undefined): void {
    const { edge, services } = this.#exchange;
    const fact = given?.ok === true && 'awaited' in given.value ? given.value : undefined;
    const waited = this.#walk.advance(services, fact);
    if (waited !== undefined) {
      this.#leaveFor(waited);
      return;
    }
    this.#reading = edge.work(this.#walk.whole, services);
    this.#next(this.#reading.next());
  }

  #next(step: IteratorResult<Need, Done>): void {
    if (step.done === true) {
      this.#end = { done: step.value };
      return;
    }
    const need = step.value;
    if (need.kind === 'wait') this.#leaveFor(need.until);
    else this.needs = requestOf(need, this.#exchange.edge.requirements(this.#walk.known));
  }

  /** Leaves the turn, and joins another one when the promise settles. */
  #leaveFor(until: Promise<unknown>): void {
    const resume = (given: Settled): void => {
      this.#given = given;
      this.#services.turns.join(this);
    };
    void until.then(
      (awaited) => resume({ ok: true, value: { awaited } }),
      (error: unknown) => resume({ ok: false, error }),
    );
  }

  take(result: ReadResult, once: ParsedOnce): void {
    try {
      this.#given = result.ok ? { ok: true, value: recordsOf(result.records, once) } : result;
    } catch (error) {
      this.#given = { ok: false, error };
    }
  }

  /** A refusal must rest on the rules in force, too: if they have changed, the request is decided again. */
  #refused(error: unknown): void {
    if (error instanceof Conflict) {
      this.#again(error.key);
      return;
    }
    const require = this.#exchange.edge.requirements(this.#walk.known);
    if (!(error instanceof Refused) || error === this.#confirming || require.length === 0) {
      this.#end = { error };
      return;
    }
    this.#confirming = error;
    this.needs = { require, get: [] };
  }

  /** @param change that lost; `undefined` if it was found while the request was decided */
  #again(key: string, change?: Transaction): void {
    const { edge, services } = this.#exchange;
    // A refused request relies on records, too, and no stranger may keep the changes of others waiting.
    const isAdmitted = this.#reading !== undefined && this.#confirming === undefined;
    this.#reading = undefined;
    this.#confirming = undefined;
    this.#end = undefined;
    this.#attempt += 1;
    const { here, elsewhere } = attemptsMax;
    if (this.#attempt > (this.#exchange.elsewhere === undefined ? here : elsewhere)) {
      this.#end = { error: new Refused({ kind: 'tooManyConflicts' }) };
      return;
    }
    const join = () => this.#services.turns.join(this);
    const { known } = this.#walk;
    const ready = isAdmitted ? this.#turn.after({ key, change, losses: this.#attempt - 1 }) : Promise.resolve();
    void ready
      .then(() => edge.renew(key, known, services))
      .then(join, (error: unknown) => {
        this.#given = { ok: false, error };
        join();
      });
    this.#walk.restart();
  }

  settle(): readonly RecordLine[] | undefined {
    const end = this.#end;
    if (end === undefined) return undefined;
    if ('error' in end) {
      this.fail(end.error);
      return undefined;
    }
    const { done } = end;
    if (done.change === undefined && done.shownNothing === undefined) return this.#linesOf(done);
    if (this.#exchange.elsewhere !== undefined) this.fail(new Error('the request is more than a read'));
    else void (done.change === undefined ? this.#showNothing(done) : this.#commit(done, done.change));
    return undefined;
  }

  #linesOf({ line, records }: Done): readonly RecordLine[] | undefined {
    if (line !== undefined) return [line];
    try {
      return records.map((record) => ({ ...lineOf(record), record }));
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  recorded(): void {
    if (this.#end !== undefined && 'done' in this.#end) this.#respond(this.#end.done.answer);
  }

  async #showNothing({ records, shownNothing, answer }: Done): Promise<void> {
    const failure = await recordRefused(this.#services.audit, records, shownNothing);
    if (failure === undefined) this.#respond(answer);
    else this.fail(failure.error);
  }

  /** Commits a change and its records in one transaction. The change is in force before the answer. */
  async #commit({ records, committed, answer }: Done, change: Transaction): Promise<void> {
    const { audit, store } = this.#services;
    const staged: Put[] = [];
    try {
      for (const record of records) staged.push(audit.stage(record).put);
      const put = [...(change.put ?? []), ...staged];
      await orUnavailable(store.transact({ ...change, put, ...this.#turn.ending }));
      this.#turn.ended();
      if (staged.length > 0) audit.committed(staged);
    } catch (error) {
      audit.failed(staged, error);
      this.#notCommitted(error, change);
      return;
    }
    // Never decide the request again from here on: its change would be committed twice.
    try {
      await committed?.();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#respond(answer);
  }

  #notCommitted(error: unknown, change: Transaction): void {
    if (!(error instanceof Conflict)) {
      this.fail(error);
      return;
    }
    this.#again(error.key, change);
    // Its attempts have run out, and no turn settles it.
    if (this.#end !== undefined) this.settle();
  }

  fail(error: unknown): void {
    const { elsewhere } = this.#exchange;
    if (elsewhere === undefined) void this.#refuse(error);
    else void this.#handOver(elsewhere(error));
  }

  /**
   * Answers a failed request after its record is written. If the record cannot be written, the answer is a 503 that
   * discloses nothing.
   */
  async #refuse(error: unknown): Promise<void> {
    try {
      const refusal = this.#refusalOf(error);
      const failed = this.#failed(error);
      const failure = await recordRefused(this.#services.audit, failed.records, failed.caller);
      const keep = failure === undefined || isUnavailable(refusal) || refusal.kind === refusalOf(failure.error).kind;
      if (!keep) this.#refusalOf(failure.error);
      this.#respond(keep ? failed.answer : this.#failed(failure.error).answer);
    } catch (failure) {
      this.#log(failure);
      this.#respond(undefined);
    }
  }

  #failed(error: unknown): Failed {
    const { edge, services } = this.#exchange;
    return edge.failed(error, this.#walk.known, services);
  }

  /** The refusal for an error, which is logged if the server is at fault. */
  #refusalOf(error: unknown): { readonly kind: string } {
    const refusal = refusalOf(error);
    if (isServerError(refusal)) this.#log(error);
    return refusal;
  }

  /** Never throws: the requests that are answered after it in the turn are not at fault. */
  #respond(answer: Answer | undefined): void {
    this.#turn.leave();
    const { respond } = this.#exchange;
    const { known } = this.#walk;
    try {
      respond(answer, known);
    } catch (error) {
      this.#log(error);
      this.#quietly(() => respond(undefined, known));
    }
    this.#over();
  }

  async #handOver(over: Promise<void>): Promise<void> {
    await over;
    this.#over();
  }

  #over(): void {
    this.#quietly(() => this.#exchange.edge.over?.(this.#walk.known));
    this.#services.turns.end(this.connection);
  }

  #quietly(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log(error);
    }
  }

  #log(error: unknown): void {
    this.#services.logError(error, this.#exchange.request.requestId);
  }
}

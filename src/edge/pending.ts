import type { LogRecord } from '../audit/activity.ts';
import { lineOf } from '../audit/line.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Answer } from '../http/answer.ts';
import { recordsOf, requestOf } from '../store/records.ts';
import type { NeedResult, Need, ParsedOnce, Reading } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Put, ReadResult, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import { isOurTrouble, orUnavailable, refusalOf, Refused } from './edge.ts';
import type { Connection, Done, EdgeRequest, Failed } from './edge.ts';
import type { Asked, Asking, Machine, Pending } from './machine.ts';
import type { Walk } from './steps.ts';

/** How often a request is decided again because something changed under it, before it gives up with 409. */
const attemptsMax = 10;

type Settled = { readonly ok: true; readonly value: NeedResult } | { readonly ok: false; readonly error: unknown };

/** One request of one edge. */
export class RequestUnderWay<Request extends EdgeRequest, Services, Facts extends object> implements Pending {
  readonly #machine: Machine;
  readonly #asking: Asking<Request, Services, Facts>;
  readonly #walk: Walk<Request, Services, Facts>;
  #reading: Reading<Done> | undefined;
  #attempt = 1;
  asks: Asked | undefined;
  /** What it goes on with: what a step or the work waited for, or what was read. */
  #given: Settled | undefined;
  /** A refusal that is still to be held against what is in force. */
  #confirming: Refused | undefined;
  #end: { readonly done: Done } | { readonly error: unknown } | undefined;

  constructor(asking: Asking<Request, Services, Facts>, machine: Machine) {
    this.#asking = asking;
    this.#machine = machine;
    this.#walk = asking.edge.steps.begin(asking.request);
  }

  get connection(): Connection {
    return this.#asking.request.connection;
  }

  goOn(): boolean {
    // It has had its rounds of the turn before, and is still to be given what it asked for.
    if (this.#end !== undefined || (this.asks !== undefined && this.#given === undefined)) return true;
    this.asks = undefined;
    const given = this.#given;
    this.#given = undefined;
    try {
      this.#goOnWith(given);
    } catch (error) {
      // What the edge says of a refusal has failed: that is this request's alone, too.
      this.#end = { error };
    }
    return this.#end !== undefined || this.asks !== undefined;
  }

  #goOnWith(given: Settled | undefined): void {
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
    const { edge, services } = this.#asking;
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
    else this.asks = requestOf(need, this.#asking.edge.requirements(this.#walk.known));
  }

  /** Leaves the turn, and joins another one when what it waits for is there. */
  #leaveFor(until: Promise<unknown>): void {
    const goOn = (given: Settled): void => {
      this.#given = given;
      this.#machine.turns.join(this);
    };
    void until.then(
      (awaited) => goOn({ ok: true, value: { awaited } }),
      (error: unknown) => goOn({ ok: false, error }),
    );
  }

  take(result: ReadResult, once: ParsedOnce): void {
    try {
      this.#given = result.ok ? { ok: true, value: recordsOf(result.records, once) } : result;
    } catch (error) {
      this.#given = { ok: false, error };
    }
  }

  /** A refusal, too, must be on the word of what is in force: if that has changed, the request is decided again. */
  #refused(error: unknown): void {
    if (error instanceof Conflict) {
      this.#again(error.key);
      return;
    }
    const require = this.#asking.edge.requirements(this.#walk.known);
    if (!(error instanceof Refused) || error === this.#confirming || require.length === 0) {
      this.#end = { error };
      return;
    }
    this.#confirming = error;
    this.asks = { require, get: [] };
  }

  #again(key: string): void {
    const { edge, services } = this.#asking;
    this.#reading = undefined;
    this.#confirming = undefined;
    this.#end = undefined;
    this.#attempt += 1;
    if (this.#attempt > attemptsMax) {
      this.#end = { error: new Refused({ kind: 'tooManyConflicts' }) };
      return;
    }
    const join = () => this.#machine.turns.join(this);
    const { known } = this.#walk;
    const renewed = Promise.resolve().then(() => edge.renew(key, known, services));
    void renewed.then(join, (error: unknown) => {
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
    void (done.change === undefined ? this.#showNothing(done) : this.#commit(done, done.change));
    return undefined;
  }

  #linesOf({ line, records }: Done): readonly RecordLine[] | undefined {
    if (line !== undefined) return [line];
    try {
      return records.map(lineOf);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  recorded(): void {
    if (this.#end !== undefined && 'done' in this.#end) this.#respond(this.#end.done.answer);
  }

  async #showNothing({ records, shownNothing, answer }: Done): Promise<void> {
    const failure = await this.#count(records, shownNothing);
    if (failure === undefined) this.#respond(answer);
    else this.fail(failure.error);
  }

  /** A change and its records in one transaction; in force, before the answer. */
  async #commit({ records, committed, answer }: Done, change: Transaction): Promise<void> {
    const { audit, store } = this.#machine;
    const staged: Put[] = [];
    try {
      for (const record of records) staged.push(audit.stage(record).put);
      await orUnavailable(store.transact({ ...change, put: [...(change.put ?? []), ...staged] }));
      if (staged.length > 0) audit.committed(staged);
    } catch (error) {
      audit.failed(staged);
      this.#notCommitted(error);
      return;
    }
    // From here on nothing begins again: what is committed would be committed twice.
    try {
      await committed?.();
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#respond(answer);
  }

  #notCommitted(error: unknown): void {
    if (!(error instanceof Conflict)) {
      this.fail(error);
      return;
    }
    this.#again(error.key);
    // It gave up: outside a turn, nobody else will settle it.
    if (this.#end !== undefined) this.settle();
  }

  fail(error: unknown): void {
    void this.#refuse(error);
  }

  /**
   * What a failed request is answered, once its record is written. A record that cannot be written makes it a 503 that
   * discloses nothing.
   */
  async #refuse(error: unknown): Promise<void> {
    try {
      const { kind } = this.#noted(error);
      const failed = this.#failed(error);
      const failure = await this.#count(failed.records, failed.caller);
      const isSaid = failure === undefined || kind === 'recordUnavailable' || kind === refusalOf(failure.error).kind;
      if (!isSaid) this.#noted(failure.error);
      this.#respond(isSaid ? failed.answer : this.#failed(failure.error).answer);
    } catch (failure) {
      this.#log(failure);
      this.#respond(undefined);
    }
  }

  #failed(error: unknown): Failed {
    const { edge, services } = this.#asking;
    return edge.failed(error, this.#walk.known, services);
  }

  /** Records what a caller was shown nothing by, within its quota. Returns why that failed, if it did. */
  async #count(
    records: readonly LogRecord[],
    caller: Caller | undefined,
  ): Promise<{ readonly error: unknown } | undefined> {
    try {
      await Promise.all(records.map((record) => this.#machine.audit.refused(record, caller)));
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  #noted(error: unknown): { readonly kind: string } {
    const refusal = refusalOf(error);
    if (isOurTrouble(refusal)) this.#log(error);
    return refusal;
  }

  /** Never throws: whoever is answered after it in the turn has done nothing. */
  #respond(answer: Answer | undefined): void {
    const { edge, respond } = this.#asking;
    const { known } = this.#walk;
    try {
      respond(answer, known);
    } catch (error) {
      this.#log(error);
      this.#cutOff();
    }
    try {
      edge.over?.(known);
    } catch (error) {
      this.#log(error);
    }
    this.#machine.turns.end(this.connection);
  }

  #cutOff(): void {
    try {
      this.#asking.respond(undefined, this.#walk.known);
    } catch (error) {
      this.#log(error);
    }
  }

  #log(error: unknown): void {
    this.#machine.logError(error, this.#asking.request.requestId);
  }
}

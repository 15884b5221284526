import { setImmediate as turn } from 'node:timers/promises';
import { DeliveryFailed, reasonOf } from './failed.ts';
import { linesIn } from './line-head.ts';
import { LogCursor } from './log-cursor.ts';
import type { LogPart, LogPosition } from './log-cursor.ts';
import type { ListedFile } from './log-folder.ts';
import { Retry } from './retry.ts';
import { runsOf, takenBy } from './runs.ts';
import { Said } from './said.ts';
import { sinkNotices } from './sink-notices.ts';
import type { SinkGap, SinkParts } from './sink-parts.ts';
import type { SinkReport } from '../metrics/vitals.ts';
import { readState, writeState } from './sink-state.ts';
import type { Piece, SinkState } from './sink-state.ts';

/** Without a delivery, the position is written down so often: in the middle of the log, and at its end. */
const writeDownMs = { middle: 10_000, end: 1000 };

/** One sink: reads the log in order, and delivers what its routes want. What it does not take stays in the log. */
export class Sink {
  readonly #parts: SinkParts;
  readonly #cursor: LogCursor;
  #state: SinkState;
  #running: Promise<void> | undefined;
  readonly #retry = new Retry();
  readonly #said = new Said();
  /** Of a state that cannot be read. The file stays as it is until this is recorded. */
  #unknown: SinkGap | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #isChanged = true;
  #stopping = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
    const { name: sink, statePath, folder, destination, routes, sinceMs } = parts;
    const { target } = destination;
    const read = readState(statePath);
    const fresh: SinkState = { sink, target, sinceMs, atEnd: false, spans: [], records: 0, gaps: 0 };
    this.#state = { ...(read === undefined || read === 'unreadable' ? fresh : read), sink, target };
    if (read === 'unreadable') this.#unknown = { fromTime: '', toTime: new Date(sinceMs).toISOString() };
    routes.restore(this.#state.spans);
    const { position, atEnd: wasAtEnd } = this.#state;
    this.#cursor = new LogCursor(folder, { position, wasAtEnd, sinceMs: this.#state.sinceMs });
    this.#tryToWriteDown();
  }

  get name(): string {
    return this.#parts.name;
  }

  /** Only records of requests since then are delivered, until there was one; 0 afterwards. */
  get sinceMs(): number {
    return this.#state.sinceMs;
  }

  /** Whether nothing is left to deliver. */
  get isDone(): boolean {
    return this.#cursor.isAtEnd && this.#state.intent === undefined;
  }

  /** The files that are not delivered whole, the oldest first. */
  get ahead(): readonly ListedFile[] {
    return this.#cursor.ahead;
  }

  get report(): SinkReport {
    const { records, gaps, failure } = this.#state;
    const backlogBytes = this.#cursor.behindBytes;
    return { name: this.name, records, gaps, backlogBytes, ...(failure !== undefined && { failure }) };
  }

  /** Call it when its routes have changed. */
  noteRoutes(): void {
    this.#tryToWriteDown();
  }

  /** Whether it reads or delivers. */
  get isAtWork(): boolean {
    return this.#running !== undefined;
  }

  /** Delivers what there is, unless it is at work or waits after a failure; gives up files of which there are too many. */
  pump(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Tries a last time, whatever failed before, and writes down how far it is. */
  async stop(): Promise<void> {
    this.#retry.now();
    await this.pump();
    this.#stopping = true;
    await this.#running;
    this.#state = { ...this.#state, atEnd: this.isDone };
    try {
      this.#writeDown();
    } catch (error) {
      this.#failed(error);
    }
    this.#cursor.close();
  }

  /** Its place in the log is of no use any more. */
  close(): void {
    this.#cursor.close();
  }

  async #run(): Promise<void> {
    try {
      for (let more = true; more && !this.#stopping;) {
        await this.#giveUp();
        if (!this.#retry.isDue(performance.now())) return;
        more = await this.#inLane();
        // Other sinks, and messages for this thread, have their turn.
        await turn();
      }
      if (this.isDone) this.#nothingWaits();
      const dueMs = this.isDone ? writeDownMs.end : writeDownMs.middle;
      if (this.#isChanged && performance.now() - this.#writtenAtMs >= dueMs) this.#writeDown();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The oldest files that it has not delivered, where there are too many. */
  async #giveUp(): Promise<void> {
    const { isTooMuch = () => false } = this.#parts;
    while (isTooMuch(this.#cursor.ahead)) {
      const gap = this.#cursor.skipFile();
      if (gap === undefined) return;
      // Nothing of it is missing where it was read to its end.
      if (gap.bytes !== 0) await this.#passed(gap);
    }
  }

  /** False: there is nothing more yet, or nothing may be read now. */
  #inLane(): Promise<boolean> {
    const { lanes, isHeld } = this.#parts;
    const work = async () => !isHeld() && (await this.#deliverPart());
    if (lanes === undefined) return work();
    return (this.#retry.isFailing ? lanes.failing : lanes.working).run(work);
  }

  /** False: there is nothing more yet. */
  async #deliverPart(): Promise<boolean> {
    const { destination, routes } = this.#parts;
    if (this.#unknown !== undefined) await this.#passed(this.#unknown);
    const part = this.#nextPart(destination.partBytesMax);
    const gap = this.#cursor.takeGap();
    if (gap !== undefined) await this.#passed(gap);
    if (part === undefined) return false;
    if (this.#state.position === undefined) {
      // A sink whose first part fails has a place too, for a later process and `audit sinks`.
      this.#state = { ...this.#state, position: part.from };
      this.#writeDown();
    }
    const lines = [...linesIn(part.bytes, part.from.offset)];
    const { intent } = this.#state;
    const { records: wanted, begin } = routes.choose(lines);
    const records = intent === undefined ? wanted : takenBy(lines, intent.runs);
    if (records.length === 0) {
      begin();
      this.#moveTo(part.to);
      return true;
    }
    const writeDown = (pieces: readonly Piece[]) =>
      this.#intend(part.from, { to: part.to, runs: runsOf(lines, records), pieces: [...pieces] });
    const { refused } = await destination.deliver({
      fileHead: part.from.file.head,
      records,
      pieces: intent?.pieces,
      writeDown,
    });
    if (refused > 0)
      await this.#passed({ fromTime: records[0]?.time ?? '', toTime: records.at(-1)?.time ?? '', refused });
    begin();
    this.#delivered(part, records.length - refused);
    return true;
  }

  /** The part that was begun, if one was, with the same bytes. */
  #nextPart(bytesMax: number): LogPart | undefined {
    const { intent, position } = this.#state;
    const part = this.#cursor.next(bytesMax);
    if (intent === undefined || part === undefined) return part;
    const isSame = intent.to.file.head === part.from.file.head && position?.offset === part.from.offset;
    const length = intent.to.offset - part.from.offset;
    if (isSame && length > 0 && length <= part.bytes.length) {
      return { ...part, bytes: part.bytes.subarray(0, length), to: intent.to };
    }
    // Another program has changed the log: what was begun cannot be known any more.
    const { intent: _, ...state } = this.#state;
    this.#state = state;
    return part;
  }

  #intend(position: LogPosition, intent: NonNullable<SinkState['intent']>): void {
    this.#writeDown({ ...this.#state, position, intent });
  }

  #delivered(part: LogPart, records: number): void {
    const { failure, ...state } = this.#state;
    const deliveredAt = new Date(this.#parts.nowMs()).toISOString();
    this.#state = { ...state, sinceMs: 0, records: state.records + records, deliveredAt };
    this.#moveTo(part.to);
    this.#writeDown();
    this.#retry.succeeded();
    this.#said.forget();
    if (failure !== undefined) this.#parts.notice(sinkNotices.again(this.#where()));
  }

  /** The records that failed were given up, or are wanted no more. */
  #nothingWaits(): void {
    const { failure, ...state } = this.#state;
    if (failure === undefined) return;
    this.#state = state;
    this.#writeDown();
    this.#retry.succeeded();
    this.#said.forget();
    this.#parts.notice(sinkNotices.nothingWaits(this.#where()));
  }

  #moveTo(position: LogPosition): void {
    this.#cursor.advance(position);
    const { intent: _, ...state } = this.#state;
    this.#state = { ...state, position, atEnd: false };
    this.#isChanged = true;
  }

  /** Records a gap before it counts as passed: after a crash in between it is recorded again. */
  async #passed(gap: SinkGap): Promise<void> {
    await this.#parts.recordGap(gap);
    const say = gap === this.#unknown ? sinkNotices.unreadable : sinkNotices.gap;
    this.#parts.notice(say(this.#where(), gap));
    if (gap === this.#unknown) this.#unknown = undefined;
    const { intent: _, ...state } = this.#state;
    const position = this.#cursor.position;
    this.#state = { ...state, gaps: state.gaps + 1, atEnd: false, ...(position !== undefined && { position }) };
    this.#writeDown();
  }

  #failed(error: unknown): void {
    const nowMs = performance.now();
    this.#retry.failed(nowMs, error instanceof DeliveryFailed ? error.waitMs : undefined);
    const message = reasonOf(error);
    const since = this.#state.failure?.since ?? new Date(this.#parts.nowMs()).toISOString();
    const isNew = this.#state.failure?.message !== message;
    this.#state = { ...this.#state, failure: { message, since } };
    if (isNew) this.#tryToWriteDown();
    if (this.#said.isDue(message, nowMs)) this.#parts.notice(sinkNotices.failing(this.#where(), message));
  }

  #where(): string {
    return `${this.#parts.name} (${this.#parts.destination.target})`;
  }

  /** The failure may be that nothing can be written. */
  #tryToWriteDown(): void {
    try {
      this.#writeDown();
    } catch {
      // It is in the notice.
    }
  }

  /** Believes only a state that is written down: a later process would not know it. */
  #writeDown(state = this.#state): void {
    if (this.#unknown !== undefined) return;
    const whole = { ...state, spans: this.#parts.routes.stored };
    writeState(this.#parts.statePath, whole);
    this.#state = whole;
    this.#isChanged = false;
    this.#writtenAtMs = performance.now();
  }
}

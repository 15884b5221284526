import { setImmediate as turn } from 'node:timers/promises';
import type { Destination } from './destination.ts';
import { DeliveryFailed, reasonOf } from './failed.ts';
import { linesIn } from './line-head.ts';
import type { LogLine } from './line-head.ts';
import { LogCursor } from './log-cursor.ts';
import type { LogGap, LogPart, LogPosition } from './log-cursor.ts';
import type { ListedFile, LogFolder } from './log-folder.ts';
import type { Routes } from './routes.ts';
import { readState, writeState } from './sink-state.ts';
import type { Piece, SinkState } from './sink-state.ts';

/** Records that a sink will never get. */
export interface SinkGap extends LogGap {
  /** Where records were refused, not lost: how many. */
  readonly refused?: number;
}

export interface SinkParts {
  readonly name: string;
  readonly statePath: string;
  readonly folder: LogFolder;
  readonly destination: Destination;
  readonly routes: Routes;
  /** For a sink without a state: since when its records are delivered, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Whether nothing may be read now, because settings have changed whose routes are not known yet. */
  readonly isHeld: () => boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
  /** Resolves when the gap has a record. */
  readonly recordGap: (gap: SinkGap) => Promise<void>;
}

/** Between two attempts: the first, and the most. */
const retryMs = { least: 1000, most: 60_000 };
/** A sink is believed about how long it wants to be left alone, up to this. */
const retryAfterMsMax = 600_000;
/** A failure is said again after so long. */
const sayAgainMs = 3_600_000;
/** Without a delivery, the position is written down so often. */
const writeDownMs = 10_000;

/** One sink: reads the log in order, and delivers what its routes want. What it does not take stays in the log. */
export class Sink {
  readonly #parts: SinkParts;
  readonly #cursor: LogCursor;
  #state: SinkState;
  #running: Promise<void> | undefined;
  #attempts = 0;
  #retryAtMs = 0;
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #isChanged = true;
  #stopping = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
    const { name: sink, statePath, folder, destination, sinceMs } = parts;
    const { target } = destination;
    const fresh: SinkState = { sink, target, sinceMs, atEnd: false, records: 0, gaps: 0 };
    this.#state = { ...(readState(statePath) ?? fresh), sink, target };
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

  /** Delivers what there is, unless it is at work or waits after a failure. */
  pump(): Promise<void> {
    if (this.#running === undefined && performance.now() >= this.#retryAtMs) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
      });
    }
    return this.#running ?? Promise.resolve();
  }

  /** Gives up the oldest file that it has not delivered. Resolves with whether there was one. */
  async skipFile(): Promise<boolean> {
    if (this.#running !== undefined) return false;
    const gap = this.#cursor.skipFile();
    if (gap === undefined) return false;
    await this.#passed(gap);
    return true;
  }

  /** Tries a last time, whatever failed before, and writes down how far it is. */
  async stop(): Promise<void> {
    this.#retryAtMs = 0;
    await this.pump();
    this.#stopping = true;
    await this.#running;
    this.#state = { ...this.#state, atEnd: this.isDone };
    this.#writeDown();
    this.#cursor.close();
  }

  async #run(): Promise<void> {
    try {
      for (let more = true; more && !this.#stopping && !this.#parts.isHeld();) {
        more = await this.#deliverPart();
        // Other sinks, and messages for this thread, have their turn.
        await turn();
      }
      const isDue = performance.now() - this.#writtenAtMs >= writeDownMs;
      if (this.#isChanged && isDue) this.#writeDown();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** False: there is nothing more yet. */
  async #deliverPart(): Promise<boolean> {
    const { destination, routes } = this.#parts;
    const part = this.#nextPart(destination.partBytesMax);
    const gap = this.#cursor.takeGap();
    if (gap !== undefined) await this.#passed(gap);
    if (part === undefined) return false;
    const pieces = this.#state.intent?.pieces;
    const isWanted = pieces === undefined ? (line: LogLine) => routes.wants(line) : destination.wantsAll(pieces);
    const records = [...linesIn(part.bytes, part.from.offset)].filter(isWanted);
    if (records.length === 0) {
      this.#moveTo(part.to);
      return true;
    }
    const writeDown = (planned: readonly Piece[]) => this.#intend(part, planned);
    const { refused } = await destination.deliver({ fileHead: part.from.file.head, records, pieces, writeDown });
    if (refused > 0)
      await this.#passed({ fromTime: records[0]?.time ?? '', toTime: records.at(-1)?.time ?? '', refused });
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

  #intend(part: LogPart, pieces: readonly Piece[]): void {
    this.#state = { ...this.#state, position: part.from, intent: { to: part.to, pieces } };
    this.#writeDown();
  }

  #delivered(part: LogPart, records: number): void {
    const { failure, ...state } = this.#state;
    const deliveredAt = new Date(this.#parts.nowMs()).toISOString();
    this.#state = { ...state, sinceMs: 0, records: state.records + records, deliveredAt };
    this.#moveTo(part.to);
    this.#writeDown();
    this.#attempts = 0;
    if (failure === undefined) return;
    this.#saidAtMs = Number.NEGATIVE_INFINITY;
    this.#parts.notice(`Audit records are delivered to ${this.#where()} again.`);
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
    const { intent: _, ...state } = this.#state;
    const position = this.#cursor.position;
    this.#state = { ...state, gaps: state.gaps + 1, atEnd: false, ...(position !== undefined && { position }) };
    this.#writeDown();
  }

  #failed(error: unknown): void {
    const nowMs = performance.now();
    const asked = error instanceof DeliveryFailed ? error.waitMs : undefined;
    const backoffMs = Math.min(retryMs.most, retryMs.least * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 16);
    this.#retryAtMs =
      nowMs + (asked === undefined ? backoffMs : Math.min(retryAfterMsMax, Math.max(asked, retryMs.least)));
    const message = reasonOf(error);
    const since = this.#state.failure?.since ?? new Date(this.#parts.nowMs()).toISOString();
    const isNew = this.#state.failure?.message !== message;
    this.#state = { ...this.#state, failure: { message, since } };
    if (isNew) this.#tryToWriteDown();
    if (nowMs - this.#saidAtMs < sayAgainMs) return;
    this.#saidAtMs = nowMs;
    this.#parts.notice(
      `Audit records cannot be delivered to ${this.#where()} yet; they wait in the audit log. ${message}`,
    );
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

  #writeDown(): void {
    writeState(this.#parts.statePath, this.#state);
    this.#isChanged = false;
    this.#writtenAtMs = performance.now();
  }
}

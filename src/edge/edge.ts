import type { LogRecord } from '../audit/activity.ts';
import type { RecordLine } from '../audit/line.ts';
import type { Answer } from '../http/answer.ts';
import type { Reading } from '../store/reading.ts';
import type { Requirement, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Known, Steps } from './steps.ts';

/** What every edge must know of a request before its first step. */
export interface EdgeRequest {
  readonly requestId: string;
  /** The connection that it came over, or whatever stands for it: requests of one share their part of a turn. */
  readonly connection: Connection;
}

export interface Connection {
  pause(): unknown;
  resume(): unknown;
}

/** What an edge is: its steps, its work, and what it says when either fails. */
export interface Edge<Request extends EdgeRequest, World, Facts extends object> {
  readonly steps: Pick<Steps<Request, World, Facts>, 'begin'>;
  /** What has been decided so far rests on these: every read, every change and every refusal requires them. */
  requirements(known: Known<Request, Partial<Facts>>): readonly Requirement[];
  /** What the request asks for, once all steps are taken. It changes nothing by itself: it returns the change. */
  work(known: Known<Request, Facts>, world: World): Reading<Done>;
  /** What a request is answered that failed, by what was known when it did. */
  failed(error: unknown, known: Known<Request, Partial<Facts>>, world: World): Failed;
  /** Reads what is in force again, before a request begins again: the record under `key` is not what it was taken for. */
  renew(key: string, known: Known<Request, Partial<Facts>>, world: World): void | Promise<void>;
  /** The request is over, however it ended. */
  over?(known: Known<Request, Partial<Facts>>): void;
}

/** What came of a request's work. */
export interface Done {
  readonly answer: Answer;
  readonly records: readonly LogRecord[];
  /** In place of the records of what only reads, where its line is made at once. */
  readonly line?: RecordLine;
  /** Committed with the records, before the answer. */
  readonly change?: Transaction;
  /** Called once the change is committed, before the answer: whoever is told of it may rely on it. */
  readonly committed?: () => void | Promise<void>;
  /** Set where this caller was shown nothing: its records count as those of refusals do. */
  readonly shownNothing?: Caller;
}

export interface Failed {
  readonly answer: Answer;
  readonly records: readonly LogRecord[];
  /** `undefined` for a stranger. */
  readonly caller: Caller | undefined;
}

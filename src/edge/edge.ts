import type { LogRecord } from '../audit/activity.ts';
import type { RecordLine } from '../audit/line.ts';
import { AuditUnavailable } from '../audit/log.ts';
import type { Answer } from '../http/answer.ts';
import type { Reading } from '../store/records.ts';
import { Conflict, Unreadable } from '../store/store.ts';
import type { Requirement, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Known, Steps } from './steps.ts';

/** What every edge must know of a request before its first step. */
export interface EdgeRequest {
  readonly requestId: string;
  /** The connection that it came over, or whatever stands for it: requests of one share their part of a turn. */
  readonly connection: Connection;
}

/** As a socket; `pause` and `resume` are called by Node, too. */
export interface Connection {
  isPaused(): boolean;
  pause: () => unknown;
  resume: () => unknown;
}

/** What an edge is: its steps, its work, and what it says when either fails. */
export interface Edge<Request extends EdgeRequest, Services, Facts extends object> {
  readonly steps: Pick<Steps<Request, Services, Facts>, 'begin'>;
  /** What has been decided so far rests on these: every read, every change and every refusal requires them. */
  requirements(known: Known<Request, Partial<Facts>>): readonly Requirement[];
  /** What the request asks for, once all steps are taken. It changes nothing by itself: it returns the change. */
  work(known: Known<Request, Facts>, services: Services): Reading<Done>;
  /** What a request is answered that failed, by what was known when it did. */
  failed(error: unknown, known: Known<Request, Partial<Facts>>, services: Services): Failed;
  /** Reads what is in force again, before a request begins again: the record under `key` is not what it was taken for. */
  renew(key: string, known: Known<Request, Partial<Facts>>, services: Services): void | Promise<void>;
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

/** What every edge can be in trouble with; its error table has a row for each. */
export type Trouble =
  /** Others changed what the request rests on, again and again. */
  | { readonly kind: 'tooManyConflicts' }
  /** The record of the request, or its change, cannot be written: nothing was disclosed, and nothing changed. */
  | { readonly kind: 'recordUnavailable' }
  /** What is stored is not what was written. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'internal' };

interface AnyRefusal {
  readonly kind: string;
}

/** Ends a request with one of its edge's refusals; `cause` is for the log only. */
export class Refused<R extends AnyRefusal = AnyRefusal> extends Error {
  override readonly name = 'Refused';
  readonly refusal: R;

  constructor(refusal: R, options?: ErrorOptions) {
    super(refusal.kind, options);
    this.refusal = refusal;
  }
}

/** What an edge answers a failure with. `R`: what the edge's own steps and operations throw, and nothing else does. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the edge says what it throws
export function refusalOf<R extends AnyRefusal>(error: unknown): R | Trouble {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an edge's code throws only its own refusals
  if (error instanceof Refused) return error.refusal as R;
  if (error instanceof AuditUnavailable) return { kind: 'recordUnavailable' };
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

const ours: ReadonlySet<string> = new Set(['internal', 'recordUnavailable', 'unreadable'] satisfies Trouble['kind'][]);

/** Whether it is the server's trouble and not the client's: its detail goes to the log. */
export function isOurTrouble({ kind }: AnyRefusal): boolean {
  return ours.has(kind);
}

/** A store that fails to write has written nothing: no record, and so no change. @throws {Conflict} */
export async function orUnavailable(written: Promise<unknown>): Promise<void> {
  try {
    await written;
  } catch (error) {
    if (error instanceof Conflict || error instanceof Unreadable) throw error;
    throw new Refused({ kind: 'recordUnavailable' }, { cause: error });
  }
}

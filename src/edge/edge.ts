import type { LogRecord } from '../audit/activity.ts';
import type { RecordLine } from '../audit/line.ts';
import { AuditUnavailable } from '../audit/log.ts';
import type { Answer } from '../http/answer.ts';
import type { Reading } from '../store/records.ts';
import { Conflict, Unavailable, Unreadable } from '../store/store.ts';
import type { Requirement, Transaction } from '../store/store.ts';
import type { Caller } from '../types/caller.ts';
import type { Known, Steps } from './steps.ts';

/** The facts about a request that every edge has before the first step. */
export interface EdgeRequest {
  readonly requestId: string;
  /** The connection that it came over, or a substitute. The requests of one connection share their part of a turn. */
  readonly connection: Connection;
}

/** The part of a socket that turns use. Node calls `pause` and `resume` too. */
export interface Connection {
  isPaused(): boolean;
  pause: () => unknown;
  resume: () => unknown;
}

/** An edge: its steps, its work, and its answer if either fails. */
export interface Edge<Request extends EdgeRequest, Services, Facts extends object> {
  readonly steps: Pick<Steps<Request, Services, Facts>, 'begin'>;
  /** The records that the decisions so far depend on. Every read, change and refusal requires that they are unchanged. */
  requirements(known: Known<Request, Partial<Facts>>): readonly Requirement[];
  /** Does what the request asks for, after all steps. It writes nothing itself: it returns the change. */
  work(known: Known<Request, Facts>, services: Services): Reading<Done>;
  /** The answer to a request that failed, from the facts that were known by then. */
  failed(error: unknown, known: Known<Request, Partial<Facts>>, services: Services): Failed;
  /** Loads the rules in force again, because the record under `key` has changed. The request is decided again after it. */
  renew(key: string, known: Known<Request, Partial<Facts>>, services: Services): void | Promise<void>;
  /** Called when the request is over, however it ended. */
  over?(known: Known<Request, Partial<Facts>>): void;
}

/** The result of a request's work. */
export interface Done {
  readonly answer: Answer;
  readonly records: readonly LogRecord[];
  /** Replaces `records` for a read whose line is made directly. */
  readonly line?: RecordLine;
  /** Committed with the records, before the answer. */
  readonly change?: Transaction;
  /** Called when the change is committed, before the answer, so that a client that has the answer sees its effect. */
  readonly committed?: () => void | Promise<void>;
  /** Set if this caller was shown nothing: the records count against its quota, as those of refusals do. */
  readonly shownNothing?: Caller;
}

export interface Failed {
  readonly answer: Answer;
  readonly records: readonly LogRecord[];
  /** `undefined` if the caller is not known. */
  readonly caller: Caller | undefined;
}

/** The refusals that every edge has. Its error table has a row for each. */
export type CommonRefusal =
  /** The records that the request depends on were changed each time that it was decided. */
  | { readonly kind: 'tooManyConflicts' }
  /** The audit record of the request, or its change, cannot be written: nothing was disclosed, and nothing changed. */
  | { readonly kind: 'recordUnavailable' }
  /** The store cannot be asked, or cannot prove that it has the newest state: nothing was disclosed, and nothing changed. */
  | { readonly kind: 'storeUnavailable' }
  /** The store was lost during the commit of the request's change: it may have happened. */
  | { readonly kind: 'outcomeUnknown' }
  /** A stored record is not what was written. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'internal' };

interface AnyRefusal {
  readonly kind: string;
}

/** Thrown to end a request with a refusal of its edge. `cause` goes to the log only. */
export class Refused<R extends AnyRefusal = AnyRefusal> extends Error {
  override readonly name = 'Refused';
  readonly refusal: R;

  constructor(refusal: R, options?: ErrorOptions) {
    super(refusal.kind, options);
    this.refusal = refusal;
  }
}

/** The refusal that an edge answers for an error. `R`: the refusals that the edge's own steps and operations throw. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the edge states what it throws
export function refusalOf<R extends AnyRefusal>(error: unknown): R | CommonRefusal {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an edge's code throws only its own refusals
  if (error instanceof Refused) return error.refusal as R;
  if (error instanceof AuditUnavailable) return { kind: 'recordUnavailable' };
  if (error instanceof Unavailable) return { kind: error.mayHaveHappened ? 'outcomeUnknown' : 'storeUnavailable' };
  if (error instanceof Unreadable) return { kind: 'unreadable' };
  return { kind: 'internal' };
}

/** A request that ends so is not answered with the failure of its own record instead: it says more about the change. */
const unavailable: ReadonlySet<string> = new Set([
  'recordUnavailable',
  'storeUnavailable',
  'outcomeUnknown',
] satisfies CommonRefusal['kind'][]);

/** Whether the store or the log cannot be used at the moment. */
export function isUnavailable({ kind }: AnyRefusal): boolean {
  return unavailable.has(kind);
}

const serverErrors: ReadonlySet<string> = new Set([
  ...unavailable,
  ...(['internal', 'unreadable'] satisfies CommonRefusal['kind'][]),
]);

/** Whether the server is at fault and not the client. The detail goes to the log then. */
export function isServerError({ kind }: AnyRefusal): boolean {
  return serverErrors.has(kind);
}

/**
 * Waits for a write to the store. If it fails, neither the change nor its audit record was written, unless the error says
 * that both may be.
 * @throws {Refused} `recordUnavailable`
 * @throws {Conflict}
 * @throws {Unreadable}
 * @throws {Unavailable}
 */
export async function orUnavailable(written: Promise<unknown>): Promise<void> {
  try {
    await written;
  } catch (error) {
    if (error instanceof Conflict || error instanceof Unreadable || error instanceof Unavailable) throw error;
    throw new Refused({ kind: 'recordUnavailable' }, { cause: error });
  }
}

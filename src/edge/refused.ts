import { AuditUnavailable } from '../audit/log.ts';
import { Unreadable } from '../store/store.ts';

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

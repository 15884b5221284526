import type { Transaction } from '../store/store.ts';
import type { DueKind, DueSubject, OperationSubject } from './due.ts';

/**
 * @param now milliseconds since 1970
 * @param attempt 1 for the first; one that failed while the store could write nothing is not counted
 * @throws whatever it likes: the failure is logged and the work is tried again, later and later
 */
export type DueHandler<S = DueSubject> = (subject: S, now: number, attempt: number) => Promise<DueOutcome>;

export type DueHandlers = Readonly<Partial<Record<Exclude<DueKind, 'operation'>, DueHandler>>> & {
  readonly operation?: DueHandler<OperationSubject>;
};

export interface DueOutcome {
  /** With what it rests on in `require`. Absent when the work is not due any more: then it is dropped. */
  readonly change?: Transaction;
  /** What the audit log says of the change. Absent where it only tidies up. */
  readonly audit?: DueAudit;
  /** Called once the change is committed. */
  readonly committed?: () => Promise<void>;
}

/** The audit record of what the service did by itself: it has neither a caller nor a source. */
export interface DueAudit {
  /** As Azure names it: `SecretPurge`. */
  readonly operationName: string;
  /** ARM id of the vault. */
  readonly resourceId: string;
  /** URL of the object; absent where it is the vault. */
  readonly objectId?: string;
  /** More of Azure's properties; never a value, a token or key material. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

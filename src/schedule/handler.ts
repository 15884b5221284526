import type { Transaction } from '../store/store.ts';
import type { DueKind, DueSubject, OperationSubject } from './due.ts';

/**
 * @param now milliseconds since 1970
 * @param attempt 1 for the first; an attempt that failed because the store could not write is not counted
 * @throws anything: the failure is logged and the work is tried again, later each time
 */
export type DueHandler<S = DueSubject> = (subject: S, now: number, attempt: number) => Promise<DueOutcome>;

export type DueHandlers = Readonly<Partial<Record<Exclude<DueKind, 'operation'>, DueHandler>>> & {
  readonly operation?: DueHandler<OperationSubject>;
};

export interface DueOutcome {
  /**
   * The change, with the records that it depends on in `require`. Absent when the work is not due any more: it is
   * dropped.
   */
  readonly change?: Transaction;
  /** The audit record of the change. Absent where the change only tidies up. */
  readonly audit?: DueAudit;
  /** Called once the change is committed. */
  readonly committed?: () => Promise<void>;
}

/** The audit record of what the service did by itself: there is no caller and no source. */
export interface DueAudit {
  /** As Azure names it: `SecretPurge`. */
  readonly operationName: string;
  /** ARM id of the vault. */
  readonly resourceId: string;
  /** URL of the object; absent where the vault itself is meant. */
  readonly objectId?: string;
  /** More of Azure's properties; never a value, a token or key material. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

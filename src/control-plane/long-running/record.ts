import type { NameSet } from '../../http/name-set.ts';
import type { Caller } from '../../types/caller.ts';
import type { SubscriptionRecord } from '../../types/resource-group.ts';
import type { Source } from '../../types/source.ts';

/** What the resource manager goes on doing after it has answered. */
export type WorkKind =
  | 'deployment'
  | 'deleteResourceGroup'
  | 'purgeVault'
  /** Nothing: it was done with the answer, and clients ask all the same. */
  | 'done';

export type OperationStatus = 'Running' | 'Succeeded' | 'Failed' | 'Canceled';

/** An error as the resource manager answers it. */
export interface ArmError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ArmError[];
}

/** On whose behalf work is done: it may only do what this caller may, and its audit records name it. */
export interface Behalf {
  readonly caller: Caller;
  readonly source: Source;
  readonly subscription: SubscriptionRecord;
  /** Under which the server was asked. */
  readonly names: NameSet;
  readonly correlationId: string;
  readonly userAgent?: string;
}

/** A long-running operation as it is stored: it can be asked for until it is a week old, whatever restarts meanwhile. */
export interface OperationRecord {
  readonly id: string;
  readonly kind: WorkKind;
  readonly status: OperationStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: ArmError;
  /** What the work is about: the resource's id. */
  readonly resourceId: string;
  /** What the work needs to be taken up again after a restart. Never a secret. */
  readonly subject: Readonly<Record<string, string>>;
  readonly behalf: Behalf;
}

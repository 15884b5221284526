import type { NameSet } from '../../http/host.ts';
import type { Caller } from '../../types/caller.ts';
import type { SubscriptionRecord } from '../../types/resource-group.ts';
import type { Source } from '../../types/source.ts';
import { longRunningKey, longRunningPrefix } from '../keys.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import type { Put, Store, Transaction } from '../../store/store.ts';
import { encodePath } from '../../http/request.ts';
import { behalfOf } from '../operation.ts';
import type { ControlCall } from '../operation.ts';

/** The kinds of work that continue after the answer. */
export type WorkKind =
  | 'deployment'
  | 'deleteResourceGroup'
  | 'purgeVault'
  /** No work: it was done with the answer, but clients ask for its status. */
  | 'done';

export type OperationStatus = 'Running' | 'Succeeded' | 'Failed' | 'Canceled';

/** An error in the resource manager's form. */
export interface ArmError {
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  readonly details?: readonly ArmError[];
}

/**
 * The caller on whose behalf work is done. The work has only this caller's permissions, and its audit records name the
 * caller.
 */
export interface Behalf {
  readonly caller: Caller;
  readonly source: Source;
  readonly subscription: SubscriptionRecord;
  /** The server's names, as the request used them. */
  readonly names: NameSet;
  readonly correlationId: string;
  readonly userAgent?: string;
}

/** The record of a long-running operation. It is kept for a week, also across restarts. */
export interface OperationRecord {
  readonly id: string;
  readonly kind: WorkKind;
  readonly status: OperationStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: ArmError;
  /** The ARM id of the resource that the work is about. */
  readonly resourceId: string;
  /** The data that the work needs to resume after a restart. Never a secret. */
  readonly subject: Readonly<Record<string, string>>;
  readonly behalf: Behalf;
}

/**
 * The result of work. `change` is part of the transaction that ends the operation; if one of its requirements does not
 * hold, the work is done again.
 */
export interface WorkEnd {
  readonly status: 'Succeeded' | 'Failed' | 'Canceled';
  readonly error?: ArmError;
  readonly change?: Transaction;
}

/** The long-running operation that a card's answer announces. */
export interface Accepted {
  readonly kind: WorkKind;
  /** Set by a card whose own change must name the operation; otherwise an id is made. */
  readonly id?: string;
  readonly resourceId: string;
  readonly subject?: OperationRecord['subject'];
  /** The path at which clients ask for the status. */
  readonly statusPath: (id: string) => string;
  /**
   * The header with the status path. `Azure-AsyncOperation` answers `{ status }`; `Location` answers 202 until the work
   * is done.
   */
  readonly header: 'azure-asyncoperation' | 'location';
  /** The path of `Location`, if the answer has that header too. */
  readonly resultPath?: (id: string) => string;
  /**
   * The work, if it needs data that may not be stored; otherwise `works` has it, by kind. It is called again after a
   * failure, and continues from there.
   */
  readonly work?: () => Promise<WorkEnd>;
}

/** How long an operation is kept, and the most expired ones that a new one deletes. */
const retentionMs = 7 * 86_400_000;
const expiredMax = 20;

/** The delay after which clients should ask again. */
export const retryAfterSeconds = 1;

/** A UUID of version 7: such ids sort by their time (RFC 9562 section 5.7). */
export function operationId(now: number, uuid: string): string {
  const time = Math.max(0, Math.floor(now)).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${uuid.slice(15)}`;
}

export function newOperation(
  accepted: Accepted,
  { behalf, now, newId }: { readonly behalf: Behalf; readonly now: number; readonly newId: () => string },
): OperationRecord {
  return {
    id: accepted.id ?? operationId(now, newId()),
    kind: accepted.kind,
    status: accepted.kind === 'done' ? 'Succeeded' : 'Running',
    startedAt: now,
    ...(accepted.kind === 'done' && { endedAt: now }),
    resourceId: accepted.resourceId,
    subject: accepted.subject ?? {},
    behalf,
  };
}

export function operationPut(record: OperationRecord): Put {
  return recordPut(longRunningKey(record.behalf.subscription.subscriptionId, record.id), record);
}

export async function readOperation(
  store: Store,
  subscriptionId: string,
  id: string,
): Promise<OperationRecord | undefined> {
  const known = /^[0-9a-f-]{36}$/i.test(id);
  const [record] = known ? await readRecords(store, { get: [longRunningKey(subscriptionId, id)] }) : [];
  return record?.value;
}

/** The keys of operations older than the retention time. */
async function expiredKeys(store: Store, subscriptionId: string, now: number): Promise<readonly string[]> {
  const oldest = await listRecords(store, { prefix: longRunningPrefix(subscriptionId), limit: expiredMax });
  return oldest
    .filter((record) => {
      const { status, startedAt } = record.value;
      return status !== 'Running' && startedAt < now - retentionMs;
    })
    .map(({ key }) => key);
}

interface Acceptance {
  readonly record: OperationRecord;
  /** Committed in the transaction of the card's own change. */
  readonly put: readonly Put[];
  readonly delete: readonly string[];
  /** The headers that tell the client where to ask for the status. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The record and the headers of a long-running operation that a card has accepted. */
export async function accept(accepted: Accepted, call: ControlCall): Promise<Acceptance> {
  const { store, apiVersion, nowMs, newId, names, subscription } = call;
  const record = newOperation(accepted, { behalf: behalfOf(call), now: nowMs, newId });
  const { statusPath, resultPath } = accepted;
  return {
    record,
    put: [operationPut(record)],
    delete: await expiredKeys(store, subscription.subscriptionId, nowMs),
    headers: {
      [accepted.header]: statusUrl(names, statusPath(record.id), apiVersion),
      ...(resultPath !== undefined && { location: statusUrl(names, resultPath(record.id), apiVersion) }),
      'retry-after': String(retryAfterSeconds),
    },
  };
}

export function statusUrl(names: NameSet, path: string, apiVersion: string): string {
  return `${names.resourceManager}${encodePath(path)}?api-version=${apiVersion}`;
}

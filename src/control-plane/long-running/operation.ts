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

/**
 * How work ends: what `change` says is part of the transaction in which the operation ends. When what it requires was
 * changed meanwhile, the work is done again.
 */
export interface WorkEnd {
  readonly status: 'Succeeded' | 'Failed' | 'Canceled';
  readonly error?: ArmError;
  readonly change?: Transaction;
}

/** What a card answers that goes on after its answer. */
export interface Accepted {
  readonly kind: WorkKind;
  /** Given by the card where its own change must name the operation; else one is made. */
  readonly id?: string;
  readonly resourceId: string;
  readonly subject?: OperationRecord['subject'];
  /** Below the resource manager's origin: where clients ask how far it is. */
  readonly statusPath: (id: string) => string;
  /** `Azure-AsyncOperation` answers `{ status }`; `Location` answers 202 until it is done. */
  readonly header: 'azure-asyncoperation' | 'location';
  /** Where `Location` leads, when the answer has it beside `Azure-AsyncOperation`. */
  readonly resultPath?: (id: string) => string;
  /**
   * The work, where it needs what may not be stored; else it is the one that `works` has for the kind. Called again after
   * a failure, it goes on from there.
   */
  readonly work?: () => Promise<WorkEnd>;
}

/** How long an operation can be asked for, and how many of the older ones a new one takes away. */
const keptMs = 7 * 86_400_000;
const forgottenAtOnce = 20;

/** How soon clients are told to ask again. */
export const retryAfterSeconds = 1;

/** Ids are UUIDs of version 7: their order is that of their time (RFC 9562 section 5.7). */
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

/** The keys of operations that nobody asks for any more. */
async function forgotten(store: Store, subscriptionId: string, now: number): Promise<readonly string[]> {
  const oldest = await listRecords(store, { prefix: longRunningPrefix(subscriptionId), limit: forgottenAtOnce });
  return oldest
    .filter((record) => {
      const { status, startedAt } = record.value;
      return status !== 'Running' && startedAt < now - keptMs;
    })
    .map(({ key }) => key);
}

interface Acceptance {
  readonly record: OperationRecord;
  /** Part of the transaction of the card's own change. */
  readonly put: readonly Put[];
  readonly delete: readonly string[];
  /** Where the client asks how far it is. */
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
    delete: await forgotten(store, subscription.subscriptionId, nowMs),
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

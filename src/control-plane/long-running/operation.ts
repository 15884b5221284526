import { longRunningKey } from '../../resources/keys.ts';
import { decode, encode } from '../../store/store.ts';
import type { Put, Store, Transaction } from '../../store/store.ts';
import type { ArmError, Behalf, OperationRecord, WorkKind } from './record.ts';

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
  return { key: longRunningKey(record.behalf.subscription.subscriptionId, record.id), value: encode(record) };
}

export async function readOperation(
  store: Store,
  subscriptionId: string,
  id: string,
): Promise<OperationRecord | undefined> {
  const known = /^[0-9a-f-]{36}$/i.test(id);
  const [record] = known ? await store.read({ get: [longRunningKey(subscriptionId, id)] }) : [];
  return record === undefined ? undefined : decode<OperationRecord>(record);
}

/** The keys of operations that nobody asks for any more. */
export async function forgotten(store: Store, subscriptionId: string, now: number): Promise<readonly string[]> {
  const oldest = await store.list({ prefix: longRunningKey(subscriptionId), limit: forgottenAtOnce });
  return oldest
    .filter((record) => {
      const { status, startedAt } = decode<OperationRecord>(record);
      return status !== 'Running' && startedAt < now - keptMs;
    })
    .map(({ key }) => key);
}

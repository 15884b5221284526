import type { Put, Store } from '../../store/store.ts';
import type { NameSet } from '../../http/name-set.ts';
import { forgotten, newOperation, operationPuts, retryAfterSeconds } from './operation.ts';
import type { Accepted } from './operation.ts';
import type { Behalf, OperationRecord } from './record.ts';

interface Acceptance {
  readonly record: OperationRecord;
  /** Part of the transaction of the card's own change. */
  readonly put: readonly Put[];
  readonly delete: readonly string[];
  /** Where the client asks how far it is. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The record and the headers of a long-running operation that a card has accepted. */
export async function accept(
  accepted: Accepted,
  known: {
    readonly behalf: Behalf;
    readonly apiVersion: string;
    readonly store: Store;
    readonly now: number;
    readonly newId: () => string;
  },
): Promise<Acceptance> {
  const { behalf, apiVersion } = known;
  const record = newOperation(accepted, known);
  return {
    record,
    put: operationPuts(record),
    delete: await forgotten(known.store, behalf.subscription.subscriptionId, known.now),
    headers: {
      [accepted.header]: statusUrl(behalf.names, accepted.statusPath(record.id), apiVersion),
      'retry-after': String(retryAfterSeconds),
    },
  };
}

export function statusUrl(names: NameSet, path: string, apiVersion: string): string {
  return `${names.resourceManager}${path}?api-version=${apiVersion}`;
}

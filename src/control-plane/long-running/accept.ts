import type { Put } from '../../store/store.ts';
import type { NameSet } from '../../http/name-set.ts';
import { encodePath } from '../../http/request-target.ts';
import type { ControlCall } from '../operation.ts';
import { forgotten, newOperation, operationPut, retryAfterSeconds } from './operation.ts';
import type { Accepted } from './operation.ts';
import type { OperationRecord } from './record.ts';

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
  const { store, apiVersion, now, newId, names, subscription } = call;
  const record = newOperation(accepted, { behalf: call.within.behalf, now, newId });
  const { statusPath, resultPath } = accepted;
  return {
    record,
    put: [operationPut(record)],
    delete: await forgotten(store, subscription.subscriptionId, now),
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

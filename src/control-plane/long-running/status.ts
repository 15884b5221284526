import { groupPath } from '../resource-groups/resource.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { statusUrl } from './accept.ts';
import { readOperation, retryAfterSeconds } from './operation.ts';
import type { OperationRecord } from './record.ts';

type Found = { readonly ok: true; readonly record: OperationRecord } | Extract<ControlOutcome, { ok: false }>;

async function operationOf(call: ControlCall): Promise<Found> {
  const id = call.params['operationId'] ?? '';
  const record = await readOperation(call.store, call.subscription.subscriptionId, id);
  if (record === undefined) return refuse({ kind: 'operationUnknown', id });
  return { ok: true, record };
}

/** What `Azure-AsyncOperation` leads to: 200, and how far the operation is ("Track asynchronous Azure operations"). */
async function asyncStatus(call: ControlCall): Promise<ControlOutcome> {
  const found = await operationOf(call);
  if (!found.ok) return found;
  const { status, startedAt, endedAt, error, id } = found.record;
  const body = {
    id: call.path,
    name: id,
    status,
    startTime: new Date(startedAt).toISOString(),
    ...(endedAt !== undefined && { endTime: new Date(endedAt).toISOString() }),
    ...(error !== undefined && { error }),
  };
  const headers = { 'retry-after': String(retryAfterSeconds) };
  return { ok: true, answer: { status: 200, body, ...(status === 'Running' && { headers }) } };
}

/** What `Location` leads to: 202 until the operation is over, then 200, or the error that it ended with. */
async function locationStatus(call: ControlCall): Promise<ControlOutcome> {
  const found = await operationOf(call);
  if (!found.ok) return found;
  const { status, error } = found.record;
  if (status === 'Running') {
    const headers = {
      location: statusUrl(call.names, call.path, call.apiVersion),
      'retry-after': String(retryAfterSeconds),
    };
    return { ok: true, answer: { status: 202, headers } };
  }
  if (error !== undefined) return answer(409, { error });
  return answer(200);
}

const read = 'Microsoft.Resources/subscriptions/operationresults/read';
const subscriptionPath = '/subscriptions/:subscriptionId';

/** Where clients ask how far a long-running operation is, one for each kind of resource. */
export const statusOperations: readonly ControlOperation[] = [
  { method: 'GET', path: `${subscriptionPath}/operationresults/:operationId`, action: read, run: locationStatus },
  {
    method: 'GET',
    path: `${subscriptionPath}/providers/Microsoft.KeyVault/locations/:location/operationResults/:operationId`,
    action: 'Microsoft.KeyVault/locations/operationResults/read',
    run: locationStatus,
  },
  {
    method: 'GET',
    path: `${subscriptionPath}/providers/Microsoft.Network/locations/:location/operations/:operationId`,
    action: 'Microsoft.Network/locations/operations/read',
    run: asyncStatus,
  },
  ...[subscriptionPath, groupPath].map((scope): ControlOperation => ({
    method: 'GET',
    path: `${scope}/providers/Microsoft.Resources/deployments/:deployment/operationStatuses/:operationId`,
    action: 'Microsoft.Resources/deployments/operationstatuses/read',
    run: asyncStatus,
  })),
];

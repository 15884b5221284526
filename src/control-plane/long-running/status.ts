import { groupPath } from '../resource-groups/resource-groups.ts';
import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import { statusUrl, readOperation, retryAfterSeconds } from './operation.ts';
import type { OperationRecord } from './operation.ts';

const read = 'Microsoft.Resources/subscriptions/operationresults/read';

/**
 * The operation of the path. The caller who requested the work may ask for its status, wherever that caller's permission
 * was; others need a permission on the subscription.
 * @throws {Refused} for other callers, as for an operation that does not exist
 */
async function operationOf(call: ControlCall): Promise<OperationRecord> {
  const id = call.params['operationId'] ?? '';
  const { subscriptionId } = call.subscription;
  const record = await readOperation(call.store, subscriptionId, id);
  const asker = record?.behalf.caller;
  const own = asker?.objectId === call.caller.objectId && asker.issuer === call.caller.issuer;
  if (record === undefined || !(own || call.access.may(read, `/subscriptions/${subscriptionId}`))) {
    return refuse({ kind: 'operationUnknown', id });
  }
  return record;
}

/**
 * The answer at `Azure-AsyncOperation`: 200 and the status of the operation ("Track asynchronous Azure operations").
 */
async function asyncStatus(call: ControlCall): Promise<ControlOutcome> {
  const { status, startedAt, endedAt, error, id } = await operationOf(call);
  const body = {
    id: call.path,
    name: id,
    status,
    startTime: new Date(startedAt).toISOString(),
    ...(endedAt !== undefined && { endTime: new Date(endedAt).toISOString() }),
    ...(error !== undefined && { error }),
  };
  const headers = { 'retry-after': String(retryAfterSeconds) };
  return { answer: { status: 200, body, ...(status === 'Running' && { headers }) } };
}

/** The answer at `Location`: 202 until the operation is over, then 200, or the error that ended it. */
async function locationStatus(call: ControlCall): Promise<ControlOutcome> {
  const { status, error } = await operationOf(call);
  if (status === 'Running') {
    const headers = {
      location: statusUrl(call.names, call.path, call.apiVersion),
      'retry-after': String(retryAfterSeconds),
    };
    return { answer: { status: 202, headers } };
  }
  if (error !== undefined) return answer(409, { error });
  return answer(200);
}

/** The same for Microsoft.Network, which ends with 204 (recorded: azure-cli `test_network_vnet`). */
async function networkResult(call: ControlCall): Promise<ControlOutcome> {
  const outcome = await locationStatus(call);
  return outcome.answer.status === 200 ? answer(204) : outcome;
}

const subscriptionPath = '/subscriptions/:subscriptionId';

const card = { method: 'GET', shows: 'own' } as const;

/** The status of long-running operations: one path for each kind of resource. */
export const statusOperations: readonly ControlOperation[] = [
  { ...card, path: `${subscriptionPath}/operationresults/:operationId`, action: read, run: locationStatus },
  {
    ...card,
    path: `${subscriptionPath}/providers/Microsoft.KeyVault/locations/:location/operationResults/:operationId`,
    action: 'Microsoft.KeyVault/locations/operationResults/read',
    run: locationStatus,
  },
  {
    ...card,
    path: `${subscriptionPath}/providers/Microsoft.KeyVault/locations/:location/operations/:operationId`,
    action: 'Microsoft.KeyVault/locations/operations/read',
    run: asyncStatus,
  },
  {
    ...card,
    path: `${subscriptionPath}/providers/Microsoft.Network/locations/:location/operations/:operationId`,
    action: 'Microsoft.Network/locations/operations/read',
    run: asyncStatus,
  },
  {
    ...card,
    path: `${subscriptionPath}/providers/Microsoft.Network/locations/:location/operationResults/:operationId`,
    action: 'Microsoft.Network/locations/operationResults/read',
    run: networkResult,
  },
  ...[subscriptionPath, groupPath].map((scope) => ({
    ...card,
    path: `${scope}/providers/Microsoft.Resources/deployments/:deployment/operationStatuses/:operationId`,
    action: 'Microsoft.Resources/deployments/operationstatuses/read',
    run: asyncStatus,
  })),
];

import { answer, badRequest, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome } from '../operation.ts';
import {
  atEachScope,
  deploymentResource,
  namedDeployment,
  readDeploymentOf,
  readRecord,
  refuseActive,
  deploymentOperationResource,
  atEachOperationsPath,
} from './resource.ts';
import { deploymentKey, deploymentOperationKey } from '../keys.ts';
import { listRecords, readRecords, recordPut } from '../../store/records.ts';
import { readFilter } from '../authorization/filter.ts';
import { listAnswer } from '../list.ts';
import { readGroup } from '../resource-groups/resource-groups.ts';
import type { DeploymentRecord } from './record.ts';
import type { Store } from '../../store/store.ts';

const getDeployment = atEachScope('/:deployment', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/read',
  async run(call) {
    const { deployment } = await readDeploymentOf(call);
    return answer(200, deploymentResource(deployment));
  },
});

/** HEAD: 204 if the deployment exists, otherwise 404. */
const checkDeploymentExistence = atEachScope('/:deployment', {
  method: 'HEAD',
  action: 'Microsoft.Resources/deployments/read',
  async run(call) {
    return answer((await readRecord(call, namedDeployment(call))) === undefined ? 404 : 204);
  },
});

/** The deployments of a group, or those at the scope of the subscription; `$filter` may ask for one state. */
const listDeployments = atEachScope('', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/read',
  run: list,
});

async function list(call: ControlCall): Promise<ControlOutcome> {
  const { resourceGroup } = call.params;
  if (resourceGroup !== undefined) await readGroup(call);
  const filter = call.query['$filter'];
  const asked = readFilter(filter, ["provisioningState eq '…'"]);
  const wanted = asked.ok ? asked.filter.get("provisioningState eq '…'") : undefined;
  if (filter !== undefined && wanted === undefined) {
    const message = `$filter is '${filter}'; supported is "provisioningState eq 'Succeeded'" with a state.`;
    return badRequest(message);
  }
  return listAnswer(call, {
    prefix: deploymentKey(call.subscription.subscriptionId, resourceGroup),
    render: async (records) =>
      records
        .map((record) => record.value)
        .filter(({ state }) => wanted === undefined || state.toLowerCase() === wanted.toLowerCase())
        .map(deploymentResource),
  });
}

/** The operations of a deployment, one for each resource, in order. */
const listDeploymentOperations = atEachOperationsPath('', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/operations/read',
  async run(call) {
    const { deployment } = await readDeploymentOf(call);
    return listAnswer(call, {
      prefix: deploymentOperationKey(deployment.operationId),
      render: async (records) => records.map((record) => deploymentOperationResource(deployment, record.value)),
    });
  },
});

const getDeploymentOperation = atEachOperationsPath('/:operationId', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/operations/read',
  async run(call) {
    const { deployment } = await readDeploymentOf(call);
    const id = call.params['operationId'] ?? '';
    const key = deploymentOperationKey(deployment.operationId, id.toLowerCase());
    const [record] = /^[0-9a-f-]{36}$/i.test(id) ? await readRecords(call.store, { get: [key] }) : [];
    if (record === undefined) return refuse({ kind: 'operationUnknown', id });
    return answer(200, deploymentOperationResource(deployment, record.value));
  },
});

/** POST …/exportTemplate: the template of a deployment as it was sent, without its secrets. */
const exportDeploymentTemplate = atEachScope('/:deployment/exportTemplate', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/exportTemplate/action',
  async run(call) {
    const { deployment } = await readDeploymentOf(call);
    return answer(200, { template: deployment.template });
  },
});

const batch = 500;

/** Deletes the operations of a deployment, before it is replaced or deleted itself. */
export async function deleteDeploymentOperations(store: Store, operationId: string): Promise<void> {
  for (;;) {
    const records = await listRecords(store, { prefix: deploymentOperationKey(operationId), limit: batch });
    if (records.length === 0) return;
    await store.transact({ delete: records.map(({ key }) => key) });
  }
}

/** DELETE of a deployment's record: the resources that it created stay. 204, also if it does not exist. */
const deleteDeployment = atEachScope('/:deployment', {
  method: 'DELETE',
  action: 'Microsoft.Resources/deployments/delete',
  async run(call) {
    const record = await readRecord(call, namedDeployment(call));
    if (record === undefined) return answer(204);
    const deployment = record.value;
    refuseActive(deployment);
    await deleteDeploymentOperations(call.store, deployment.operationId);
    const { key, version } = record;
    return { ...answer(204), change: { require: [{ key, version }], delete: [key] } };
  },
});

/** POST …/cancel: the resource that is being created is finished, and no other is begun. */
const cancelDeployment = atEachScope('/:deployment/cancel', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/cancel/action',
  async run(call) {
    const { deployment, record } = await readDeploymentOf(call);
    if (deployment.state !== 'Running') {
      return refuse({ kind: 'deploymentNotActive', name: deployment.name, state: deployment.state });
    }
    const { key, version } = record;
    const canceled: DeploymentRecord = { ...deployment, state: 'Canceled', endedAt: call.nowMs };
    return { ...answer(204), change: { require: [{ key, version }], put: [recordPut(key, canceled)] } };
  },
});

/** Every operation on an existing deployment. */
export const deploymentOperations: readonly ControlOperation[] = [
  ...getDeployment,
  ...checkDeploymentExistence,
  ...listDeployments,
  ...deleteDeployment,
  ...cancelDeployment,
  ...exportDeploymentTemplate,
  ...listDeploymentOperations,
  ...getDeploymentOperation,
];

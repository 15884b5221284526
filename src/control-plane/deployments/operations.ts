import { deploymentOperationKey } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import { listAnswer } from '../list.ts';
import { answer, refuse } from '../outcome.ts';
import type { DeploymentOperationRecord } from './record.ts';
import { deploymentOperationResource, ofOperations, readDeploymentOf } from './resource.ts';

/** What was done for each resource of a deployment, in its order. */
export const listDeploymentOperations = ofOperations('', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/operations/read',
  async run(call) {
    const found = await readDeploymentOf(call);
    if (!found.ok) return found;
    return listAnswer(call, {
      prefix: deploymentOperationKey(found.deployment.operationId),
      render: async (records) =>
        records.map((record) =>
          deploymentOperationResource(found.deployment, decode<DeploymentOperationRecord>(record)),
        ),
    });
  },
});

export const getDeploymentOperation = ofOperations('/:operationId', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/operations/read',
  async run(call) {
    const found = await readDeploymentOf(call);
    if (!found.ok) return found;
    const id = call.params['operationId'] ?? '';
    const key = deploymentOperationKey(found.deployment.operationId, id.toLowerCase());
    const [record] = /^[0-9a-f-]{36}$/i.test(id) ? await call.store.read({ get: [key] }) : [];
    if (record === undefined) return refuse({ kind: 'operationUnknown', id });
    return answer(200, deploymentOperationResource(found.deployment, decode<DeploymentOperationRecord>(record)));
  },
});

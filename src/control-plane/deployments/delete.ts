import { answer, refuse } from '../outcome.ts';
import { forgetDeployment } from './forget.ts';
import { atEachScope, readDeploymentOf } from './resource.ts';

/** DELETE of a deployment's record: what it made stays. 204, also when there is none. */
export const deleteDeployment = atEachScope('/:deployment', {
  method: 'DELETE',
  action: 'Microsoft.Resources/deployments/delete',
  async run(call) {
    const found = await readDeploymentOf(call);
    if (!found.ok) return answer(204);
    const { deployment, record } = found;
    if (deployment.state === 'Running') {
      const since = new Date(deployment.startedAt).toISOString();
      return refuse({ kind: 'deploymentActive', name: deployment.name, since });
    }
    await forgetDeployment(call.store, deployment.operationId);
    const { key, version } = record;
    return { ...answer(204), change: { require: [{ key, version }], delete: [key] } };
  },
});

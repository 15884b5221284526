import { encode } from '../../store/store.ts';
import { answer, refuse } from '../outcome.ts';
import { atEachScope, readDeploymentOf } from './resource.ts';

/** POST …/cancel: what is being made is finished, nothing more is begun. */
export const cancelDeployment = atEachScope('/:deployment/cancel', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/cancel/action',
  async run(call) {
    const found = await readDeploymentOf(call);
    if (!found.ok) return found;
    const { deployment, record } = found;
    if (deployment.state !== 'Running') {
      return refuse({ kind: 'deploymentNotActive', name: deployment.name, state: deployment.state });
    }
    const { key, version } = record;
    const canceled = { ...deployment, state: 'Canceled', endedAt: call.now };
    return { ...answer(204), change: { require: [{ key, version }], put: [{ key, value: encode(canceled) }] } };
  },
});

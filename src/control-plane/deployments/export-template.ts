import { answer } from '../outcome.ts';
import { atEachScope, readDeploymentOf } from './resource.ts';

/** POST …/exportTemplate: the template of a deployment, as it was sent but for what was secret in it. */
export const exportDeploymentTemplate = atEachScope('/:deployment/exportTemplate', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/exportTemplate/action',
  async run(call) {
    const found = await readDeploymentOf(call);
    return found.ok ? answer(200, { template: found.deployment.template }) : found;
  },
});

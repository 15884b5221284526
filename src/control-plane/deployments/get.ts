import { answer } from '../outcome.ts';
import { atEachScope, deploymentResource, readDeploymentOf } from './resource.ts';

export const getDeployment = atEachScope('/:deployment', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/read',
  async run(call) {
    const found = await readDeploymentOf(call);
    return found.ok ? answer(200, deploymentResource(found.deployment)) : found;
  },
});

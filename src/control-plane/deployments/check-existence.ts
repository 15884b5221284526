import { answer } from '../outcome.ts';
import { atEachScope, readDeploymentOf } from './resource.ts';

/** HEAD: 204 when the deployment is there, 404 when it is not. */
export const checkDeploymentExistence = atEachScope('/:deployment', {
  method: 'HEAD',
  action: 'Microsoft.Resources/deployments/read',
  async run(call) {
    const found = await readDeploymentOf(call);
    return answer(found.ok ? 204 : 404);
  },
});

import { deploymentKey } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import { listAnswer } from '../list.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { readGroup } from '../resource-groups/resource.ts';
import type { DeploymentRecord } from './record.ts';
import { atEachScope, deploymentResource } from './resource.ts';

/** The deployments of a group, or those at the scope of the subscription; `$filter` may ask for one state. */
export const listDeployments = atEachScope('', {
  method: 'GET',
  action: 'Microsoft.Resources/deployments/read',
  run: list,
});

async function list(call: ControlCall): Promise<ControlOutcome> {
  const { resourceGroup } = call.params;
  if (resourceGroup !== undefined) {
    const group = await readGroup(call);
    if (!group.ok) return group;
  }
  const filter = call.query['$filter'];
  const wanted = filter === undefined ? undefined : /^provisioningState eq '(\w+)'$/i.exec(filter)?.[1];
  if (filter !== undefined && wanted === undefined) {
    const message = `$filter is '${filter}'; supported is "provisioningState eq 'Succeeded'" with a state.`;
    return refuse({ kind: 'badQuery', message });
  }
  return listAnswer(call, {
    prefix: deploymentKey(call.subscription.subscriptionId, resourceGroup),
    render: async (records) =>
      records
        .map((record) => decode<DeploymentRecord>(record))
        .filter(({ state }) => wanted === undefined || state.toLowerCase() === wanted.toLowerCase())
        .map(deploymentResource),
  });
}

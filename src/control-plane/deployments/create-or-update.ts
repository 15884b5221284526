import { deploymentKey } from '../../resources/keys.ts';
import { decode, encode } from '../../store/store.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import { answer, locationMissing, refuse } from '../outcome.ts';
import { parseDeploymentBody } from './body.ts';
import { forgetDeployment } from './forget.ts';
import { newDeployment } from './new-deployment.ts';
import { prepare } from './prepare.ts';
import type { DeploymentRecord } from './record.ts';
import { askedDeployment, atEachScope, deploymentId, deploymentResource, readRecord } from './resource.ts';
import { deploymentWork } from './run.ts';

/** PUT of a deployment: 201, and `Azure-AsyncOperation` says how far it is. */
export const createOrUpdateDeployment = atEachScope('/:deployment', {
  method: 'PUT',
  action: 'Microsoft.Resources/deployments/write',
  parseBody: parseDeploymentBody,
  run: deploy,
});

async function deploy(call: ControlCall): Promise<ControlOutcome> {
  const asked = askedDeployment(call);
  if (asked.resourceGroup === undefined && asked.location === undefined) return refuse(locationMissing);
  const before = await readRecord(call, asked);
  const replaced = before === undefined ? undefined : decode<DeploymentRecord>(before);
  if (replaced?.state === 'Running') {
    const since = new Date(replaced.startedAt).toISOString();
    return refuse({ kind: 'deploymentActive', name: replaced.name, since });
  }
  const planned = await prepare(asked, call);
  if (!planned.ok) return planned;
  const { plan, mask, require } = planned.prepared;
  if (replaced !== undefined) await forgetDeployment(call.store, replaced.operationId);
  const record = newDeployment(asked, planned.prepared, call);
  const key = deploymentKey(record.subscriptionId, record.resourceGroup, record.name);
  const { store, inner, longRunning, behalf, clock, evaluate } = call.within;
  const world = { store, inner, longRunning, now: clock, newId: call.newId, evaluate };
  return {
    ...answer(replaced === undefined ? 201 : 200, deploymentResource({ ...record })),
    change: {
      require: [...require, { key, version: before?.version ?? null }],
      put: [{ key, value: encode(record) }],
    },
    accepted: {
      kind: 'deployment',
      id: record.operationId,
      resourceId: deploymentId(record),
      subject: {
        name: record.name,
        ...(record.resourceGroup !== undefined && { resourceGroup: record.resourceGroup }),
      },
      statusPath: (id) => `${deploymentId(record)}/operationStatuses/${id}`,
      header: 'azure-asyncoperation',
      work: deploymentWork({ record, plan, mask, behalf }, world),
    },
  };
}

import { deploymentKey } from '../keys.ts';
import { recordPut } from '../../store/records.ts';
import { answer, behalfOf, tagsOf } from '../operation.ts';
import type { ControlCall, ControlOutcome, ControlServices } from '../operation.ts';
import { parseDeploymentBody } from './body.ts';
import { deleteDeploymentOperations } from './deployments.ts';
import { prepare } from './prepare.ts';
import type { DeploymentRecord } from './record.ts';
import {
  askedDeployment,
  atEachScope,
  deploymentId,
  deploymentResource,
  readRecord,
  refuseActive,
} from './resource.ts';
import { deploymentWork } from './run.ts';
import { createHash } from 'node:crypto';
import { isObject } from '../../templates/value.ts';
import { operationId } from '../long-running/operation.ts';
import { maskValue, withoutSecureDefaults } from './mask.ts';
import type { AskedDeployment, Prepared } from './prepare.ts';

/** PUT of a deployment: 201, or 200 if it replaces one; `Azure-AsyncOperation` answers with its status. */
export const createOrUpdateDeployment = atEachScope('/:deployment', {
  method: 'PUT',
  action: 'Microsoft.Resources/deployments/write',
  parseBody: parseDeploymentBody,
  run: deploy,
});

async function deploy(call: ControlCall, services: ControlServices): Promise<ControlOutcome> {
  const asked = askedDeployment(call);
  const before = await readRecord(call, asked);
  const replaced = before?.value;
  if (replaced !== undefined) refuseActive(replaced);
  const prepared = await prepare(asked, call, services);
  const { plan, mask, require } = prepared;
  if (replaced !== undefined) await deleteDeploymentOperations(call.store, replaced.operationId);
  const record = newDeployment(asked, prepared, call);
  const key = deploymentKey(record.subscriptionId, record.resourceGroup, record.name);
  return {
    ...answer(replaced === undefined ? 201 : 200, deploymentResource({ ...record })),
    change: {
      require: [...require, { key, version: before?.version ?? null }],
      put: [recordPut(key, record)],
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
      work: deploymentWork({ record, plan, mask, behalf: behalfOf(call) }, { ...services, newId: call.newId }),
    },
  };
}

/** The record of a deployment that begins. It has none of the secrets in the template and the parameters. */
export function newDeployment(
  { name, location }: AskedDeployment,
  { plan, template, mask, group }: Prepared,
  call: ControlCall,
): DeploymentRecord {
  const made = plan.resources.filter(({ existing, wanted }) => wanted && !existing);
  const ids = new Map(plan.resources.map(({ key, id }) => [key, id]));
  const stored = maskValue(withoutSecureDefaults(template), mask);
  return {
    name,
    subscriptionId: call.subscription.subscriptionId,
    ...(group !== undefined && { resourceGroup: group.name }),
    ...(location !== undefined && { location }),
    tags: maskTags(tagsOf(call.body), mask),
    operationId: operationId(call.nowMs, call.newId()),
    correlationId: call.origin.correlationId,
    state: 'Running',
    startedAt: call.nowMs,
    template: stored,
    templateHash: createHash('sha256').update(JSON.stringify(stored)).digest().readBigUInt64BE().toString(),
    parameters: membersOf(maskValue(plan.parameters, mask)),
    resources: made.map((resource) => ({
      id: resource.id,
      type: resource.type,
      name: resource.name,
      ...locationOf(resource.body['location']),
      dependsOn: [...resource.dependsOn].map((needed) => ids.get(needed) ?? needed),
    })),
    made: made.map(({ id }) => id),
  };
}

/** Masks tags, because those of a nested deployment may contain secrets of the deployment around it. */
function maskTags(tags: Readonly<Record<string, string>>, mask: Prepared['mask']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [mask(name), mask(value)]));
}

/** Only a literal location: an expression may need resources that do not exist yet. */
function locationOf(location: unknown) {
  return typeof location === 'string' && !location.startsWith('[') ? { location } : {};
}

function membersOf(value: ReturnType<typeof maskValue>) {
  return isObject(value) ? value : {};
}

import { createHash } from 'node:crypto';
import { isObject } from '../../templates/value.ts';
import { operationId } from '../long-running/operation.ts';
import type { ControlCall } from '../operation.ts';
import { tagsOf } from '../outcome.ts';
import { maskValue, withoutSecureDefaults } from './mask.ts';
import type { AskedDeployment, Prepared } from './prepare.ts';
import type { DeploymentRecord } from './record.ts';

/** The record of a deployment that begins. What was secret in its template and parameters is not in it. */
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
    operationId: operationId(call.now, call.newId()),
    correlationId: call.within.behalf.correlationId,
    state: 'Running',
    startedAt: call.now,
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

/** Those of a nested deployment are made by the one around it. */
function maskTags(tags: Readonly<Record<string, string>>, mask: Prepared['mask']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(tags).map(([name, value]) => [mask(name), mask(value)]));
}

/** Where it is written out: an expression may need what is not there yet. */
function locationOf(location: unknown) {
  return typeof location === 'string' && !location.startsWith('[') ? { location } : {};
}

function membersOf(value: ReturnType<typeof maskValue>) {
  return isObject(value) ? value : {};
}

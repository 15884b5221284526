import { answer, refuse } from '../operation.ts';
import type { ControlCall, ControlOutcome, ControlServices } from '../operation.ts';
import { parseDeploymentBody } from './body.ts';
import { maskValue } from './mask.ts';
import { overlay, preview } from './preview.ts';
import { prepare } from './prepare.ts';
import { askedDeployment, atEachScope, deploymentId } from './resource.ts';
import { compare } from '../../templates/compare.ts';
import { isObject, memberOf, readValue } from '../../templates/value.ts';
import type { Value } from '../../templates/value.ts';
import { contentsOf } from '../resource-groups/contents.ts';
import type { Mask } from './mask.ts';
import type { Previewed } from './preview.ts';

/** Carries the deployment out on an overlay of the store. */
async function tryOut(call: ControlCall, services: ControlServices, seen: (previewed: Previewed) => void) {
  const asked = askedDeployment(call);
  const trial = { ...call, store: overlay(call.store) };
  const { plan, mask, group } = await prepare(asked, trial, services);
  const executed = await preview(plan, mask, { call: trial, services, seen });
  return { asked, plan, mask, group, executed };
}

/** POST …/validate: whether the deployment would succeed, tried on an overlay of the store. */
export const validateDeployment = atEachScope('/:deployment/validate', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/validate/action',
  parseBody: parseDeploymentBody,
  run: validate,
});

async function validate(call: ControlCall, services: ControlServices): Promise<ControlOutcome> {
  const { asked, plan, mask, group, executed } = await tryOut(call, services, () => {});
  const trackingId = call.origin.correlationId;
  if (executed.kind === 'failed') {
    return refuse({ kind: 'deploymentNotValid', name: asked.name, trackingId, details: [executed.error] });
  }
  const { subscriptionId } = call.subscription;
  const id = deploymentId({
    subscriptionId,
    name: asked.name,
    ...(group !== undefined && { resourceGroup: group.name }),
  });
  return answer(200, {
    id,
    name: asked.name,
    type: 'Microsoft.Resources/deployments',
    ...(asked.location !== undefined && { location: asked.location }),
    properties: {
      parameters: maskValue(plan.parameters, mask),
      mode: 'Incremental',
      provisioningState: 'Succeeded',
      timestamp: new Date(call.nowMs).toISOString(),
      duration: 'PT0S',
      correlationId: trackingId,
      validatedResources: plan.resources
        .filter(({ existing, wanted }) => wanted && !existing)
        .map((resource) => ({ id: resource.id })),
    },
  });
}

/** The most resources of each kind that are read to find those that the template does not name. */
const ignoredMax = 500;

/** POST …/whatIf: what the deployment would change, found by carrying it out on an overlay of the store. */
export const whatIfDeployment = atEachScope('/:deployment/whatIf', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/whatIf/action',
  parseBody: parseDeploymentBody,
  run: whatIf,
});

async function whatIf(call: ControlCall, services: ControlServices): Promise<ControlOutcome> {
  const seen: Previewed[] = [];
  const { mask, executed } = await tryOut(call, services, (previewed) => seen.push(previewed));
  if (executed.kind === 'failed') {
    // Azure answers 200 too: the request itself succeeded.
    return answer(200, { status: 'Failed', error: executed.error });
  }
  const whole = wantsPayloads(call);
  const changes = [...seen.map((previewed) => changeOf(previewed, mask, whole)), ...(await ignored(call, seen))];
  return answer(200, {
    status: 'Succeeded',
    properties: { correlationId: call.origin.correlationId, changes },
  });
}

/** Whether to show whole resources: `FullResourcePayloads`, unless the request asks for ids only. */
function wantsPayloads({ body }: ControlCall): boolean {
  const properties = readValue(body['properties']);
  const settings = isObject(properties) ? memberOf(properties, 'whatIfSettings') : undefined;
  const format = isObject(settings) ? memberOf(settings, 'resultFormat') : undefined;
  return !(typeof format === 'string' && format.toLowerCase() === 'resourceidonly');
}

function changeOf({ id, before, after }: Previewed, mask: Mask, whole: boolean) {
  const then = shownOf(before, mask);
  const now = shownOf(after, mask);
  if (then === undefined) return { resourceId: id, changeType: 'Create', ...(whole && { after: now ?? {} }) };
  const delta = compare(then, now ?? {});
  if (delta.length === 0) {
    return { resourceId: id, changeType: 'NoChange', ...(whole && { before: then, after: now ?? {} }) };
  }
  if (!whole) return { resourceId: id, changeType: 'Deploy' };
  return { resourceId: id, changeType: 'Modify', before: then, after: now ?? {}, delta };
}

/** Members that the service sets at every change. */
const volatile = new Set(['etag', 'systemData', 'provisioningState', 'resourceGuid']);

function shownOf(resource: unknown, mask: Mask): Value | undefined {
  const value = readValue(resource);
  return value === undefined ? undefined : maskValue(withoutVolatile(value), mask);
}

function withoutVolatile(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutVolatile);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !volatile.has(name))
      .map(([name, item]) => [name, withoutVolatile(item)]),
  );
}

/** The resources in the group that are not in the template: an incremental deployment leaves them alone. */
async function ignored(call: ControlCall, seen: readonly Previewed[]) {
  const { resourceGroup } = call.params;
  if (resourceGroup === undefined) return [];
  const { subscriptionId } = call.subscription;
  const named = new Set(seen.map(({ id }) => id.toLowerCase()));
  const contents = await contentsOf(call.store, { subscriptionId, resourceGroup }, ignoredMax);
  return contents
    .filter(({ id }) => !named.has(id.toLowerCase()))
    .map(({ id }) => ({ resourceId: id, changeType: 'Ignore' }));
}

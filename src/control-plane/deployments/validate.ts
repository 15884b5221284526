import type { ControlCall, ControlOutcome } from '../operation.ts';
import { answer, locationMissing, refuse } from '../outcome.ts';
import { parseDeploymentBody } from './body.ts';
import { maskValue } from './mask.ts';
import { overlay } from './overlay.ts';
import { prepare } from './prepare.ts';
import { preview } from './preview.ts';
import { askedDeployment, atEachScope, deploymentId } from './resource.ts';

/** POST …/validate: whether the deployment would succeed, tried on a store that nothing of it reaches. */
export const validateDeployment = atEachScope('/:deployment/validate', {
  method: 'POST',
  action: 'Microsoft.Resources/deployments/validate/action',
  parseBody: parseDeploymentBody,
  run: validate,
});

async function validate(call: ControlCall): Promise<ControlOutcome> {
  const asked = askedDeployment(call);
  if (asked.resourceGroup === undefined && asked.location === undefined) return refuse(locationMissing);
  const trial = { ...call, store: overlay(call.store) };
  const prepared = await prepare(asked, trial);
  if (!prepared.ok) return prepared;
  const { plan, mask, group } = prepared.prepared;
  const executed = await preview(plan, mask, { call: trial, seen: () => {} });
  const trackingId = call.within.behalf.correlationId;
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
      timestamp: new Date(call.now).toISOString(),
      duration: 'PT0S',
      correlationId: trackingId,
      validatedResources: plan.resources
        .filter(({ existing, wanted }) => wanted && !existing)
        .map((resource) => ({ id: resource.id })),
    },
  });
}

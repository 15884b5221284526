import { setImmediate } from 'node:timers/promises';
import type { Answer } from '../../http/answer.ts';
import { deploymentKey } from '../../resources/keys.ts';
import { encode } from '../../store/store.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { isDeployment } from '../../templates/finish.ts';
import type { ValueObject } from '../../templates/value.ts';
import { errorOf } from '../arm-error.ts';
import type { ControlCall } from '../operation.ts';
import { renderError } from '../errors.ts';
import { execute } from './execute.ts';
import type { Executed, Hands, Made } from './execute.ts';
import { maskError } from './mask.ts';
import type { Mask } from './mask.ts';
import { newDeployment } from './new-deployment.ts';
import { prepare } from './prepare.ts';
import type { DeploymentRecord } from './record.ts';

/** A resource as it is, and as the deployment would leave it; `before` is absent where there is none. */
export interface Previewed {
  readonly id: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Carries a plan out on trial: `call.store` is laid over the real one, so that each operation decides as it would, with
 * the same permissions, and nothing is changed.
 */
export function preview(
  plan: Plan,
  mask: Mask,
  { call, seen }: { readonly call: ControlCall; readonly seen: (previewed: Previewed) => void },
): Promise<Executed> {
  const ask = (
    method: 'GET' | 'PUT',
    { id: path, apiVersion }: Pick<PlannedResource, 'id' | 'apiVersion'>,
    body?: ValueObject,
  ) =>
    call.within.inner.preview(
      call.within.behalf,
      { method, path, apiVersion, mask, ...(body !== undefined && { body }) },
      call.store,
    );
  const hands: Hands = {
    mask,
    evaluate: call.within.evaluate,
    read: (needed) => ask('GET', needed),
    canceled: async () => false,
    async make(resource, body) {
      // Nothing of a trial waits for anything, and one of 800 resources takes long.
      await setImmediate();
      if (isDeployment(resource)) {
        const { allowance } = plan.frame.scope;
        return previewNested(resource, body, { mask, call: { ...call, within: { ...call.within, allowance } }, seen });
      }
      const before: Answer = await ask('GET', resource);
      const after = await ask('PUT', resource, body);
      if (after.status >= 400) return { ok: false, error: maskError(errorOf(after), mask) };
      seen({ id: resource.id, before: before.status === 200 ? before.body : undefined, after: after.body });
      return { ok: true };
    },
  };
  return execute(plan, hands);
}

async function previewNested(
  { id, name, standing }: PlannedResource,
  body: ValueObject,
  {
    mask,
    call,
    seen,
  }: { readonly mask: Mask; readonly call: ControlCall; readonly seen: (previewed: Previewed) => void },
): Promise<Made> {
  const { location, properties } = body;
  const asked = {
    name,
    resourceGroup: standing.resourceGroup,
    location: typeof location === 'string' ? location : undefined,
    properties,
  };
  const nested = await prepare(asked, { ...call, within: { ...call.within, mask } });
  if (!nested.ok) {
    const { body: refused } = renderError(nested.refusal, call.subscription.tenantId);
    return { ok: false, error: maskError({ target: id, ...refused.error }, mask) };
  }
  const executed = await preview(nested.prepared.plan, nested.prepared.mask, { call, seen });
  if (executed.kind !== 'done') return executed.kind === 'failed' ? { ok: false, error: executed.error } : { ok: true };
  // The deployment around it may refer to its outputs.
  const record = newDeployment(asked, nested.prepared, call);
  const done: DeploymentRecord = { ...record, state: 'Succeeded', endedAt: call.now, outputs: executed.outputs };
  const key = deploymentKey(record.subscriptionId, record.resourceGroup, record.name);
  await call.store.transact({ put: [{ key, value: encode(done) }] });
  return { ok: true };
}

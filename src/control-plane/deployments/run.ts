import { deploymentKey, deploymentOperationKey } from '../keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { Plan, PlannedResource } from '../../templates/plan.ts';
import { errorOf } from '../inner.ts';
import type { Inner } from '../inner.ts';
import type { LongRunning } from '../long-running/long-running.ts';
import { operationId } from '../long-running/operation.ts';
import type { WorkEnd, ArmError, Behalf, OperationRecord } from '../long-running/operation.ts';
import type { Evaluate } from './evaluations.ts';
import { execute } from './execute.ts';
import type { Effects, Executed, Made } from './execute.ts';
import { maskError } from './mask.ts';
import type { Mask } from './mask.ts';
import type { DeploymentOperationRecord, DeploymentRecord } from './record.ts';
import { deploymentId } from './resource.ts';

/** The services that carry a deployment out. */
export interface RunServices {
  readonly store: Store;
  readonly inner: Inner;
  readonly longRunning: Pick<LongRunning, 'settled' | 'closing'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly evaluate: Evaluate;
}

export interface Run {
  readonly record: DeploymentRecord;
  readonly plan: Plan;
  readonly mask: Mask;
  readonly behalf: Behalf;
}

/**
 * Carries a deployment out, resource by resource, each as an operation of the deploying caller. The function continues
 * where it stopped when it is called again.
 */
export function deploymentWork(run: Run, services: RunServices): () => Promise<WorkEnd> {
  const { plan, record } = run;
  const progress = { done: 0 };
  let executed: Executed | undefined;
  return async () => {
    executed ??= await execute(plan, effectsOf(run, services), progress);
    return endOf(record, executed, services);
  };
}

function effectsOf({ record, plan, mask, behalf }: Run, services: RunServices): Effects {
  const { allowance } = plan.frame.scope;
  return {
    mask,
    evaluate: services.evaluate,
    read: ({ id, apiVersion }) =>
      services.inner.perform(behalf, { method: 'GET', path: id, apiVersion, deployment: { mask } }),
    async canceled() {
      assertOpen(services);
      const stored = await storedDeployment(record, services.store);
      return stored === undefined || stored.deployment.state !== 'Running';
    },
    async make(resource, body) {
      const startedAt = services.now();
      const { id: path, apiVersion } = resource;
      const answer = await services.inner.perform(behalf, {
        method: 'PUT',
        path,
        apiVersion,
        body,
        deployment: { mask, allowance },
      });
      const made =
        answer.status < 400 ? await waitFor(resource, answer.headers, { behalf, services }) : refusedBy(answer, mask);
      const done = { status: answer.status, startedAt, ...(!made.ok && { error: made.error }) };
      await recordOperation(record, resource, { done, services });
      return made;
    },
  };
}

function assertOpen({ longRunning }: RunServices): void {
  if (longRunning.closing) throw new Error('the server is shutting down');
}

function refusedBy(answer: Parameters<typeof errorOf>[0], mask: Mask): Made {
  return { ok: false, error: maskError(errorOf(answer), mask) };
}

/** A nested deployment continues after its answer; this waits until it is over. */
async function waitFor(
  { id, type, name, placement }: PlannedResource,
  headers: Readonly<Record<string, string>> | undefined,
  { behalf, services }: { readonly behalf: Behalf; readonly services: RunServices },
): Promise<Made> {
  if (type.toLowerCase() !== 'microsoft.resources/deployments') return { ok: true };
  const operation = /\/([0-9a-f-]{36})\?/i.exec(headers?.['azure-asyncoperation'] ?? '')?.[1];
  if (operation !== undefined) await services.longRunning.settled(operation);
  assertOpen(services);
  const { subscriptionId } = behalf.subscription;
  const stored = await storedDeployment({ subscriptionId, name, ...groupOf(placement.resourceGroup) }, services.store);
  if (stored?.deployment.state === 'Succeeded') return { ok: true };
  const error = stored?.deployment.error ?? {
    code: 'DeploymentCanceled',
    message: 'The nested deployment was cancelled.',
  };
  const message =
    "The resource write operation failed to complete successfully, because it reached terminal provisioning state 'Failed'.";
  return { ok: false, error: { code: 'ResourceDeploymentFailure', target: id, message, details: [error] } };
}

function groupOf(resourceGroup: string | undefined) {
  return resourceGroup === undefined ? {} : { resourceGroup };
}

async function storedDeployment(
  { subscriptionId, resourceGroup, name }: Pick<DeploymentRecord, 'subscriptionId' | 'resourceGroup' | 'name'>,
  store: Store,
): Promise<{ readonly record: Stored<DeploymentRecord>; readonly deployment: DeploymentRecord } | undefined> {
  const [record] = await readRecords(store, { get: [deploymentKey(subscriptionId, resourceGroup, name)] });
  return record === undefined ? undefined : { record, deployment: record.value };
}

/** Stores the operation on a resource. */
async function recordOperation(
  { operationId: deployment }: DeploymentRecord,
  { id, type, name }: PlannedResource,
  {
    done,
    services,
  }: {
    readonly done: { readonly status: number; readonly startedAt: number; readonly error?: ArmError };
    readonly services: RunServices;
  },
): Promise<void> {
  const endedAt = services.now();
  const noted: DeploymentOperationRecord = {
    ...done,
    operationId: operationId(endedAt, services.newId()),
    provisioningOperation: 'Create',
    state: done.error === undefined ? 'Succeeded' : 'Failed',
    endedAt,
    target: { id, type, name: name.split('/').at(-1) ?? name },
  };
  await services.store.transact({
    put: [recordPut(deploymentOperationKey(deployment, noted.operationId), noted)],
  });
}

type Ended = Executed | { readonly kind: 'failed'; readonly error: ArmError };

/** Ends a deployment. One that was cancelled or deleted with its group in the meantime stays so. */
async function endOf(
  { subscriptionId, resourceGroup, name, operationId: own }: DeploymentRecord,
  executed: Ended,
  services: Pick<RunServices, 'store' | 'now'>,
): Promise<WorkEnd> {
  const stored = await storedDeployment({ subscriptionId, name, ...groupOf(resourceGroup) }, services.store);
  if (stored === undefined || stored.deployment.operationId !== own) return { status: 'Canceled' };
  const { record, deployment } = stored;
  const require = [{ key: record.key, version: record.version }];
  const endedAt = services.now();
  const put = (ended: DeploymentRecord) => ({ require, put: [recordPut(record.key, ended)] });
  if (deployment.state === 'Canceled' || executed.kind === 'canceled') {
    return { status: 'Canceled', change: put({ ...deployment, state: 'Canceled', endedAt }) };
  }
  if (executed.kind === 'done') {
    const { outputs } = executed;
    return { status: 'Succeeded', change: put({ ...deployment, state: 'Succeeded', endedAt, outputs }) };
  }
  const error = failure(deployment, executed.error);
  return { status: 'Failed', error, change: put({ ...deployment, state: 'Failed', endedAt, error }) };
}

function failure(deployment: DeploymentRecord, error: ArmError): ArmError {
  return {
    code: 'DeploymentFailed',
    target: deploymentId(deployment),
    message:
      'At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.',
    details: [error],
  };
}

/** Ends a deployment that a restart of the server interrupted. */
export function abandonDeployment(
  record: OperationRecord,
  services: Pick<RunServices, 'store' | 'now'>,
): Promise<WorkEnd> {
  const message =
    'The server restarted during the deployment, and the values of secure parameters are not stored. Deploy it again: the resources that were already created stay as they are.';
  return failDeployment(record, { code: 'DeploymentInterrupted', message }, services);
}

/** Ends a deployment that failed unexpectedly. */
export async function failDeployment(
  { subject, behalf }: OperationRecord,
  error: ArmError,
  services: Pick<RunServices, 'store' | 'now'>,
): Promise<WorkEnd> {
  const { name = '', resourceGroup } = subject;
  const { subscriptionId } = behalf.subscription;
  const stored = await storedDeployment({ subscriptionId, name, ...groupOf(resourceGroup) }, services.store);
  return stored === undefined ? { status: 'Canceled' } : endOf(stored.deployment, { kind: 'failed', error }, services);
}

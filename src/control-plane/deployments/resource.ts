import { deploymentKey } from '../keys.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import { locationMissing, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { groupPath } from '../resource-groups/resource-groups.ts';
import type { AskedDeployment } from './prepare.ts';
import type { DeploymentOperationRecord, DeploymentRecord } from './record.ts';

const provider = 'providers/Microsoft.Resources/deployments';

/** The same operation in a resource group and at the scope of the subscription; `suffix` follows `…/deployments`. */
export function atEachScope(
  suffix: string,
  card: Omit<ControlOperation, 'path'>,
): readonly [ControlOperation, ControlOperation] {
  return [
    { ...card, path: `${groupPath}/${provider}${suffix}` },
    { ...card, path: `/subscriptions/:subscriptionId/${provider}${suffix}` },
  ];
}

/** An operation on a deployment's operations. In a group, clients also use a path without the provider. */
export function atEachOperationsPath(
  suffix: string,
  card: Omit<ControlOperation, 'path'>,
): readonly ControlOperation[] {
  const short = `${groupPath}/deployments/:deployment/operations${suffix}`;
  return [...atEachScope(`/:deployment/operations${suffix}`, card), { ...card, path: short }];
}

/** The name and group of the path's deployment. */
export function namedDeployment({ params }: ControlCall) {
  return { name: params['deployment'] ?? '', resourceGroup: params['resourceGroup'] };
}

/**
 * The deployment that the path and the body request.
 * @throws {Refused} for a deployment to a subscription without a location
 */
export function askedDeployment(call: ControlCall): AskedDeployment {
  const named = namedDeployment(call);
  const { location, properties } = call.body;
  const asked = typeof location === 'string' && location !== '' ? location : undefined;
  if (named.resourceGroup === undefined && asked === undefined) refuse(locationMissing);
  return { ...named, location: asked, properties };
}

/**
 * The deployment of the path and its record.
 * @throws {Refused} if it does not exist
 */
export async function readDeploymentOf(call: ControlCall) {
  const named = namedDeployment(call);
  const record = (await readRecord(call, named)) ?? refuse({ kind: 'deploymentNotFound', name: named.name });
  return { record, deployment: record.value };
}

/** @throws {Refused} while the deployment is carried out: it cannot be replaced or deleted then */
export function refuseActive({ name, state, startedAt }: DeploymentRecord): void {
  if (state === 'Running') refuse({ kind: 'deploymentActive', name, since: new Date(startedAt).toISOString() });
}

/** The record of a deployment; `undefined` if there is none. */
export async function readRecord(
  { store, subscription }: ControlCall,
  { name, resourceGroup }: Pick<AskedDeployment, 'name' | 'resourceGroup'>,
): Promise<Stored<DeploymentRecord> | undefined> {
  if (!/^[-\w.()]{1,64}$/.test(name)) return undefined;
  const [record] = await readRecords(store, { get: [deploymentKey(subscription.subscriptionId, resourceGroup, name)] });
  return record;
}

export function deploymentId({
  subscriptionId,
  resourceGroup,
  name,
}: Pick<DeploymentRecord, 'subscriptionId' | 'resourceGroup' | 'name'>): string {
  const group = resourceGroup === undefined ? '' : `/resourceGroups/${resourceGroup}`;
  return `/subscriptions/${subscriptionId}${group}/${provider}/${name}`;
}

/** Azure's names of the states. */
const provisioningStates = { Running: 'Running', Succeeded: 'Succeeded', Failed: 'Failed', Canceled: 'Canceled' };

export function deploymentResource(deployment: DeploymentRecord) {
  const { name, location, tags, state, outputs, error, startedAt, endedAt } = deployment;
  return {
    id: deploymentId(deployment),
    name,
    type: 'Microsoft.Resources/deployments',
    ...(location !== undefined && { location }),
    tags,
    properties: {
      templateHash: deployment.templateHash,
      parameters: deployment.parameters,
      mode: 'Incremental',
      provisioningState: provisioningStates[state],
      timestamp: new Date(endedAt ?? startedAt).toISOString(),
      duration: duration(startedAt, endedAt ?? startedAt),
      correlationId: deployment.correlationId,
      providers: providersOf(deployment),
      dependencies: dependenciesOf(deployment),
      ...(outputs !== undefined && { outputs }),
      ...(state === 'Succeeded' && { outputResources: deployment.made.map((id) => ({ id })) }),
      ...(error !== undefined && { error }),
    },
  };
}

/** ISO 8601. */
function duration(from: number, to: number): string {
  return `PT${Math.max(0, to - from) / 1000}S`;
}

function providersOf({ resources }: DeploymentRecord) {
  const types = new Map<string, { readonly resourceType: string; readonly locations: readonly (string | null)[] }[]>();
  for (const { type, location } of resources) {
    const [namespace = '', ...kinds] = type.split('/');
    const known = types.get(namespace) ?? [];
    const resourceType = kinds.join('/');
    if (!known.some((other) => other.resourceType === resourceType)) {
      known.push({ resourceType, locations: [location ?? null] });
    }
    types.set(namespace, known);
  }
  return [...types].map(([namespace, resourceTypes]) => ({ namespace, resourceTypes }));
}

function dependenciesOf({ resources }: DeploymentRecord) {
  const nameAndType = (id: string) => {
    const found = resources.find((resource) => resource.id.toLowerCase() === id.toLowerCase());
    return { id: found?.id ?? id, resourceType: found?.type ?? '', resourceName: found?.name ?? '' };
  };
  return resources
    .filter(({ dependsOn }) => dependsOn.length > 0)
    .map(({ id, dependsOn }) => ({ dependsOn: dependsOn.map(nameAndType), ...nameAndType(id) }));
}

export function deploymentOperationResource(deployment: DeploymentRecord, operation: DeploymentOperationRecord) {
  const { operationId, state, startedAt, endedAt, status, target, error, provisioningOperation } = operation;
  return {
    id: `${deploymentId(deployment)}/operations/${operationId}`,
    operationId,
    properties: {
      provisioningOperation,
      provisioningState: state,
      timestamp: new Date(endedAt).toISOString(),
      duration: duration(startedAt, endedAt),
      trackingId: deployment.correlationId,
      statusCode: String(status),
      ...(error !== undefined && { statusMessage: { error } }),
      ...(target !== undefined && {
        targetResource: { id: target.id, resourceType: target.type, resourceName: target.name },
      }),
    },
  };
}

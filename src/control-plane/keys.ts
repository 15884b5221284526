import { recordKind } from '../store/keys.ts';
import type { Key, Prefix } from '../store/keys.ts';
import type { DeploymentOperationRecord, DeploymentRecord } from './deployments/record.ts';
import type { OperationRecord } from './long-running/operation.ts';

const owner = 'control-plane';

const deployments = recordKind<DeploymentRecord>({
  pattern: 'deployment/{subscription}/{group}/',
  owner,
  holds: 'a deployment to a resource group',
});
const atSubscription = recordKind<DeploymentRecord>({
  pattern: 'deployment-at-subscription/{subscription}/',
  owner,
  holds: 'a deployment at the scope of the subscription',
});

/**
 * The key of a deployment in a resource group, or at the scope of the subscription if there is no group; without a
 * name, the prefix of all.
 */
export function deploymentKey(
  subscriptionId: string,
  resourceGroup: string | undefined,
  name: string,
): Key<DeploymentRecord>;
export function deploymentKey(subscriptionId: string, resourceGroup: string | undefined): Prefix<DeploymentRecord>;
export function deploymentKey(subscriptionId: string, resourceGroup: string | undefined, name?: string) {
  const kind = resourceGroup === undefined ? atSubscription : deployments;
  const group = resourceGroup === undefined ? [] : [encodeURIComponent(resourceGroup.toLowerCase())];
  const scope = [subscriptionId.toLowerCase(), ...group];
  return name === undefined ? kind.prefix(...scope) : kind.key(...scope, name.toLowerCase());
}

const deploymentOperations = recordKind<DeploymentOperationRecord>({
  pattern: 'deployment-operation/{operation}/',
  owner,
  holds: 'an operation of a deployment on one resource, by the long-running operation',
});
/**
 * The key of a deployment's operation on one resource, under the long-running operation that carries the deployment
 * out; without an id, the prefix of all.
 */
export function deploymentOperationKey(deploymentRun: string, operationId: string): Key<DeploymentOperationRecord>;
export function deploymentOperationKey(deploymentRun: string): Prefix<DeploymentOperationRecord>;
export function deploymentOperationKey(deploymentRun: string, operationId?: string) {
  if (operationId === undefined) return deploymentOperations.prefix(deploymentRun);
  return deploymentOperations.key(deploymentRun, operationId);
}

const operations = recordKind<OperationRecord>({
  pattern: 'long-running/{subscription}/',
  owner,
  holds: 'a long-running operation',
});
/** The key of a long-running operation. The id begins with the time, so the oldest come first. */
export const longRunningKey = (subscriptionId: string, id: string) =>
  operations.key(subscriptionId.toLowerCase(), id.toLowerCase());
/** The prefix of all operations of a subscription, the oldest first. */
export const longRunningPrefix = (subscriptionId: string) => operations.prefix(subscriptionId.toLowerCase());

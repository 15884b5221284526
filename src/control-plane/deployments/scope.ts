import { createHash } from 'node:crypto';
import { newAllowance } from '../../templates/budget.ts';
import type { DeploymentScope } from '../../templates/frame.ts';
import type { ValueObject } from '../../templates/value.ts';
import type { ResourceGroupRecord } from '../../types/resource-group.ts';
import type { ControlCall } from '../operation.ts';
import { resourceGroupResource } from '../resource-groups/resource-groups.ts';

/** The scope and the caller of a deployment, as the functions of a template return them. */
export function deploymentScope(
  call: ControlCall,
  deployment: { readonly name: string; readonly group: ResourceGroupRecord | undefined; readonly location?: string },
): DeploymentScope {
  const { subscription, caller, names } = call;
  const { subscriptionId, tenantId, displayName } = subscription;
  const { name, group, location } = deployment;
  const upn = caller.claims['upn'];
  return {
    subscriptionId,
    subscription: { id: `/subscriptions/${subscriptionId}`, subscriptionId, tenantId, displayName },
    ...(group !== undefined && { resourceGroupName: group.name, resourceGroup: groupValue(group) }),
    tenant: { tenantId },
    deployment: {
      name,
      ...(location !== undefined && { location }),
      properties: { mode: 'Incremental', provisioningState: 'Accepted' },
    },
    environment: {
      name: names.cloud.name,
      resourceManager: names.resourceManager,
      authentication: {
        loginEndpoint: names.authority,
        audiences: [names.resourceManager],
        tenant: 'common',
        identityProvider: 'AAD',
      },
      suffixes: { keyvaultDns: names.vaultSuffix },
    },
    deployer: {
      objectId: caller.objectId,
      tenantId: caller.tenant,
      ...(typeof upn === 'string' && { userPrincipalName: upn }),
    },
    now: call.nowMs,
    newId: call.newId,
    allowance: call.deployment?.allowance ?? newAllowance(() => performance.now()),
    sha1: (bytes) => createHash('sha1').update(bytes).digest(),
  };
}

function groupValue(group: ResourceGroupRecord): ValueObject {
  const { id, name, type, location, tags, properties } = resourceGroupResource(group);
  return { id, name, type, location, tags, properties };
}

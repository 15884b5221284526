import { lockOperations } from './authorization/locks.ts';
import { roleAssignmentOperations } from './authorization/role-assignments.ts';
import { roleDefinitionOperations } from './authorization/role-definitions.ts';
import { createOrUpdateDeployment } from './deployments/create-or-update.ts';
import { deploymentOperations } from './deployments/deployments.ts';
import { validateDeployment, whatIfDeployment } from './deployments/what-if.ts';
import { insightsOperations } from './diagnostic-settings/diagnostic-settings.ts';
import { activityOperations } from './insight/activity.ts';
import { vaultCallers } from './insight/callers.ts';
import { vaultRuleStates } from './insight/rule-states.ts';
import { readFabricNetworks } from './fabric/networks.ts';
import { statusOperations } from './long-running/status.ts';
import type { ControlOperation } from './operation.ts';
import { exportResourceGroupTemplate } from './resource-groups/export-template.ts';
import { resourceGroupOperations } from './resource-groups/resource-groups.ts';
import { itemOperations } from './resources/items.ts';
import { resourceListOperations } from './resources/list.ts';
import { resourceOperations } from './resources/resources.ts';
import { storageOperations } from './storage-accounts/storage-accounts.ts';
import { locationOperations } from './subscriptions/locations.ts';
import { listsOfOperations, providerOperations } from './subscriptions/providers.ts';
import { subscriptionOperations } from './subscriptions/subscriptions.ts';
import { tagsOperations } from './tags/tags.ts';
import { vaultObjectOperations } from './vault-objects/vault-objects.ts';
import { deletedVaultOperations } from './vaults/deleted-vaults.ts';
import { explainVault } from './vaults/explain.ts';
import { connectionOperations } from './vaults/private-endpoint-connections.ts';
import { vaultOperations } from './vaults/vaults.ts';
import { whatIfVault } from './vaults/what-if.ts';
import { issueGatewayCertificate } from './virtual-networks/gateway-certificate.ts';
import { peeringOperations } from './virtual-networks/peerings.ts';
import { subnetOperations } from './virtual-networks/subnets.ts';
import { virtualNetworkOperations } from './virtual-networks/virtual-networks.ts';

const cards: readonly ControlOperation[] = [
  ...subscriptionOperations,
  ...locationOperations,
  ...providerOperations,
  ...resourceGroupOperations,
  exportResourceGroupTemplate,
  ...virtualNetworkOperations,
  ...subnetOperations,
  ...peeringOperations,
  issueGatewayCertificate,
  readFabricNetworks,
  ...vaultOperations,
  explainVault,
  whatIfVault,
  ...activityOperations,
  vaultCallers,
  vaultRuleStates,
  ...deletedVaultOperations,
  ...connectionOperations,
  ...vaultObjectOperations,
  ...createOrUpdateDeployment,
  ...validateDeployment,
  ...whatIfDeployment,
  ...deploymentOperations,
  ...statusOperations,
  ...roleAssignmentOperations,
  ...roleDefinitionOperations,
  ...lockOperations,
  ...insightsOperations,
  ...itemOperations,
  ...storageOperations,
  ...resourceListOperations,
  ...resourceOperations,
];

/** Every operation of the resource manager. */
export const operations: readonly ControlOperation[] = [
  ...cards,
  ...tagsOperations(cards),
  ...listsOfOperations(cards),
];

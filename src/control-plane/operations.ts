import { authorizationOperations } from './authorization/operations.ts';
import { cancelDeployment } from './deployments/cancel.ts';
import { checkDeploymentExistence } from './deployments/check-existence.ts';
import { createOrUpdateDeployment } from './deployments/create-or-update.ts';
import { deleteDeployment } from './deployments/delete.ts';
import { exportDeploymentTemplate } from './deployments/export-template.ts';
import { getDeployment } from './deployments/get.ts';
import { listDeployments } from './deployments/list.ts';
import { getDeploymentOperation, listDeploymentOperations } from './deployments/operations.ts';
import { validateDeployment } from './deployments/validate.ts';
import { whatIfDeployment } from './deployments/what-if.ts';
import { insightsOperations } from './diagnostic-settings/operations.ts';
import { listLocations } from './locations/list.ts';
import { listAvailableDelegations } from './locations/list-available-delegations.ts';
import { listAvailableEndpointServices } from './locations/list-endpoint-services.ts';
import { statusOperations } from './long-running/status.ts';
import type { ControlOperation } from './operation.ts';
import { createOrUpdatePeering } from './peerings/create-or-update.ts';
import { deletePeering } from './peerings/delete.ts';
import { getPeering } from './peerings/get.ts';
import { listPeerings } from './peerings/list.ts';
import { connectionOperations } from './private-endpoint-connections/operations.ts';
import { listPrivateDnsZoneGroups } from './private-endpoints/list-dns-zone-groups.ts';
import { listsOfOperations } from './providers/list-operations.ts';
import { providerOperations } from './providers/operations.ts';
import { checkResourceGroupExistence } from './resource-groups/check-existence.ts';
import { createOrUpdateResourceGroup } from './resource-groups/create-or-update.ts';
import { deleteResourceGroup } from './resource-groups/delete.ts';
import { exportResourceGroupTemplate } from './resource-groups/export-template.ts';
import { getResourceGroup } from './resource-groups/get.ts';
import { listResourceGroups } from './resource-groups/list.ts';
import { updateResourceGroup } from './resource-groups/update.ts';
import { checkResourceExistence } from './resources/check-existence.ts';
import { createOrUpdateResource } from './resources/create-or-update.ts';
import { deleteResource } from './resources/delete.ts';
import { getResource } from './resources/get.ts';
import { itemOperations } from './resources/items.ts';
import { listResourcesOfType } from './resources/list-of-type.ts';
import { listResources, listResourcesByResourceGroup } from './resources/list.ts';
import { moveOperations } from './resources/move.ts';
import { updateResource } from './resources/update.ts';
import { storageOperations } from './storage-accounts/operations.ts';
import { getSubscription } from './subscriptions/get.ts';
import { listSubscriptions } from './subscriptions/list.ts';
import { tagsOperations } from './tags/operations.ts';
import { listTenants } from './tenants/list.ts';
import { vaultObjectOperations } from './vault-objects/operations.ts';
import { checkNameAvailability } from './vaults/check-name-availability.ts';
import { createOrUpdateVault } from './vaults/create-or-update.ts';
import { deleteVault } from './vaults/delete.ts';
import { getDeletedVault, listDeletedVaults, purgeDeletedVault } from './vaults/deleted.ts';
import { explainVault } from './vaults/explain.ts';
import { getVault } from './vaults/get.ts';
import { listVaultsByResourceGroup, listVaultsBySubscription } from './vaults/list.ts';
import { listPrivateLinkResources } from './vaults/private-link-resources.ts';
import { updateAccessPolicy } from './vaults/update-access-policy.ts';
import { updateVault } from './vaults/update.ts';
import { checkIpAddressAvailability } from './virtual-networks/check-ip-address-availability.ts';
import { createOrUpdateSubnet } from './virtual-networks/create-or-update-subnet.ts';
import { createOrUpdateVirtualNetwork } from './virtual-networks/create-or-update.ts';
import { deleteVirtualNetworkSubnet } from './virtual-networks/delete-subnet.ts';
import { deleteVirtualNetwork } from './virtual-networks/delete.ts';
import { getSubnet } from './virtual-networks/get-subnet.ts';
import { getVirtualNetwork } from './virtual-networks/get.ts';
import { listSubnets } from './virtual-networks/list-subnets.ts';
import { listAllVirtualNetworks, listVirtualNetworks } from './virtual-networks/list.ts';
import { updateVirtualNetworkTags } from './virtual-networks/update-tags.ts';

const cards: readonly ControlOperation[] = [
  listTenants,
  listSubscriptions,
  getSubscription,
  createOrUpdateResourceGroup,
  getResourceGroup,
  checkResourceGroupExistence,
  listResourceGroups,
  updateResourceGroup,
  deleteResourceGroup,
  exportResourceGroupTemplate,
  createOrUpdateVirtualNetwork,
  getVirtualNetwork,
  listVirtualNetworks,
  listAllVirtualNetworks,
  checkIpAddressAvailability,
  deleteVirtualNetwork,
  updateVirtualNetworkTags,
  createOrUpdateSubnet,
  getSubnet,
  listSubnets,
  deleteVirtualNetworkSubnet,
  createOrUpdatePeering,
  getPeering,
  listPeerings,
  deletePeering,
  createOrUpdateVault,
  updateVault,
  getVault,
  deleteVault,
  listVaultsByResourceGroup,
  listVaultsBySubscription,
  updateAccessPolicy,
  explainVault,
  listDeletedVaults,
  getDeletedVault,
  purgeDeletedVault,
  checkNameAvailability,
  ...createOrUpdateDeployment,
  ...validateDeployment,
  ...whatIfDeployment,
  ...getDeployment,
  ...checkDeploymentExistence,
  ...listDeployments,
  ...deleteDeployment,
  ...cancelDeployment,
  ...exportDeploymentTemplate,
  ...listDeploymentOperations,
  ...getDeploymentOperation,
  ...statusOperations,
  ...authorizationOperations,
  listPrivateLinkResources,
  ...connectionOperations,
  listPrivateDnsZoneGroups,
  ...vaultObjectOperations,
  ...insightsOperations,
  ...providerOperations,
  listLocations,
  listAvailableEndpointServices,
  ...listAvailableDelegations,
  ...itemOperations,
  ...storageOperations,
  listResources,
  listResourcesByResourceGroup,
  ...moveOperations,
  createOrUpdateResource,
  getResource,
  checkResourceExistence,
  updateResource,
  deleteResource,
  listResourcesOfType,
];

/** Every operation of the resource manager. */
export const operations: readonly ControlOperation[] = [
  ...cards,
  ...tagsOperations(cards),
  ...listsOfOperations(cards),
];

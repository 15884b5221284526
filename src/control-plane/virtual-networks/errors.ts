import type { Errors } from '../refusal.ts';

const usedBy = (users: readonly string[]) => users.join(', ');

/** Errors of generic resources and of Microsoft.Network. */
export const networkErrors = {
  parentNotFound: {
    status: 404,
    code: 'ParentResourceNotFound',
    message: ({ parent }) =>
      `Can not perform requested operation on nested resource. Parent resource '${parent}' not found.`,
  },
  memberUnknown: { status: 400, code: 'InvalidRequestFormat', message: () => 'Cannot parse the request.' },
  addressInNoSubnet: {
    status: 400,
    code: 'PrivateIPAddressNotInAnySubnet',
    message: ({ address }) =>
      `Private static IP address ${address} does not belong to any subnet of the virtual network.`,
  },
  encryptionNotWhole: {
    status: 400,
    code: 'MustSpecifyBothEncryptionIntentAndEnforcementPolicy',
    message: () =>
      "The encryption of a virtual network needs both 'enabled' and 'enforcement': give both, or leave encryption out.",
  },
  referenceInvalid: {
    status: 400,
    code: 'InvalidResourceReference',
    message: ({ id, by }) =>
      `Resource ${id} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
  },
  networkSecurityGroupInUse: {
    status: 400,
    code: 'InUseNetworkSecurityGroupCannotBeDeleted',
    message: ({ id, users }) =>
      `Network security group ${id} cannot be deleted because it is in use by the following resources: ${usedBy(users)}. In order to delete the Network security group, remove the association with the resource(s).`,
  },
  routeTableInUse: {
    status: 400,
    code: 'InUseRouteTableCannotBeDeleted',
    message: ({ id, users }) =>
      `Route table ${id} is in use and cannot be deleted. It is associated with ${usedBy(users)}.`,
  },
  serviceEndpointPolicyInUse: {
    status: 400,
    code: 'InUseServiceEndpointPolicyCannotBeDeleted',
    message: ({ id, users }) =>
      `Service endpoint policy ${id} cannot be deleted because it is in use by the following resources: ${usedBy(users)}.`,
  },
  natGatewayInUse: {
    status: 400,
    code: 'InUseNatGatewayCannotBeDeleted',
    message: ({ id, users }) =>
      `Nat Gateway ${id} cannot be deleted because it is in use by the following resources: ${usedBy(users)}.`,
  },
  subnetInUse: {
    status: 400,
    code: 'InUseSubnetCannotBeDeleted',
    message: ({ id, users }) =>
      `Subnet ${id.slice(id.lastIndexOf('/') + 1)} is in use by ${usedBy(users)} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.`,
  },
  publicAddressInUse: {
    status: 400,
    code: 'PublicIPAddressCannotBeDeleted',
    message: ({ id, users }) =>
      `Public IP address ${id} can not be deleted since it is still allocated to resource ${usedBy(users)}. In order to delete the public IP, disassociate/detach the Public IP address from the resource.`,
  },
  publicAddressTaken: {
    status: 400,
    code: 'PublicIPAddressInUse',
    message: ({ id, users }) =>
      `Resource ${id} is already allocated to resource ${usedBy(users)}. A public IP address belongs to one resource at a time.`,
  },
  publicAddressesExhausted: {
    status: 400,
    code: 'PublicIPCountLimitReached',
    message: ({ pool }) =>
      `Cannot create more public IP addresses: every address of the pool ${pool} is taken. Delete one, or configure a larger publicAddressPool.`,
  },
  // The first sentence is Azure's (terraform-provider-azurerm#5617).
  securityRulePrefixInvalid: {
    status: 400,
    code: 'SecurityRuleInvalidAddressPrefix',
    message: ({ value }) =>
      `Security rule has invalid Address prefix. Value provided: ${value.slice(0, 100)}. Use '*', an address, a range in CIDR notation or a service tag such as AzureKeyVault or AzureKeyVault.WestEurope; not every tag has a form for one region.`,
  },
  securityRuleConflict: {
    status: 400,
    code: 'SecurityRuleConflict',
    message: ({ rules, priority, direction }) =>
      `Security rule ${rules[0]} conflicts with rule ${rules[1]}. Rules cannot have the same Priority and Direction: both have ${priority} and ${direction}.`,
  },
  addressSpacesOverlap: {
    status: 400,
    code: 'VnetAddressSpacesOverlap',
    message: ({ network, remote, prefixes }) =>
      `Cannot create or update peering. Virtual networks ${network} and ${remote} cannot be peered because their address spaces overlap. Overlapping address prefixes: ${prefixes.join(', ')}`,
  },
  providerUnknown: {
    status: 404,
    code: 'InvalidResourceNamespace',
    message: ({ namespace }) => `The resource namespace '${namespace}' is invalid.`,
  },
  moveNotSupported: {
    status: 400,
    code: 'ResourceMoveNotSupported',
    message: () =>
      'Resources cannot be moved here: their ids are part of rules and role assignments. Create them again in the other resource group.',
  },
  predefinedTagsNotSupported: {
    status: 400,
    code: 'PredefinedTagsNotSupported',
    message: () =>
      'Predefined tag names and values are not supported. Tag a resource or resource group itself: use its id, followed by /providers/Microsoft.Resources/tags/default.',
  },
} satisfies Partial<Errors>;

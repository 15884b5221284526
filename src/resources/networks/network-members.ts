import { accept, breached, wrong } from '../../shape/fault.ts';
import { anything, each, ignored, object, optional, refine } from '../../shape/shape.ts';
import type { Members, Shape } from '../../shape/shape.ts';
import { membersOf } from '../refusal.ts';
import type { ResourceBreach } from '../refusal.ts';

/** The members of one Microsoft.Network object (api-version 2025-01-01), by how they are handled. */
export interface KnownMembers {
  /** The object's name in Azure's errors. */
  readonly objectType: string;
  /** Stored and returned as sent. */
  readonly kept: readonly string[];
  /** References to things that cannot exist here: only `null` and an empty list are accepted. */
  readonly empty: readonly string[];
  /** Set by the service; a client's value is ignored. */
  readonly made: readonly string[];
}

const madeOfAny = ['etag', 'flowLogs', 'provisioningState', 'resourceGuid'];

export const networkMembers: KnownMembers = {
  objectType: 'VirtualNetworkProperties',
  kept: [
    'addressSpace',
    'bgpCommunities',
    'dhcpOptions',
    'enableDdosProtection',
    'enableVmProtection',
    'encryption',
    'flowTimeoutInMinutes',
    'privateEndpointVNetPolicies',
    'subnets',
  ],
  empty: ['ddosProtectionPlan', 'defaultPublicNatGateway', 'ipAllocations'],
  made: [...madeOfAny, 'virtualNetworkPeerings'],
};

export const addressSpaceMembers: KnownMembers = {
  objectType: 'AddressSpace',
  kept: ['addressPrefixes'],
  empty: ['ipamPoolPrefixAllocations'],
  made: [],
};

export const subnetMembers: KnownMembers = {
  objectType: 'SubnetProperties',
  kept: [
    'addressPrefix',
    'addressPrefixes',
    'defaultOutboundAccess',
    'delegations',
    'natGateway',
    'networkSecurityGroup',
    'privateEndpointNetworkPolicies',
    'privateLinkServiceNetworkPolicies',
    'routeTable',
    'serviceEndpointPolicies',
    'serviceEndpoints',
    'sharingScope',
  ],
  empty: [
    'applicationGatewayIPConfigurations',
    'applicationGatewayIpConfigurations',
    'ipAllocations',
    'ipamPoolPrefixAllocations',
    'serviceGateway',
  ],
  made: [
    'etag',
    'ipConfigurationProfiles',
    'ipConfigurations',
    'privateEndpoints',
    'provisioningState',
    'purpose',
    'resourceGuid',
    'resourceNavigationLinks',
    'serviceAssociationLinks',
  ],
};

export const endpointMembers: KnownMembers = {
  objectType: 'ServiceEndpointProperties',
  kept: ['locations', 'service'],
  // The public address that traffic to the service would have. Traffic through an endpoint has a private one here.
  empty: ['networkIdentifier'],
  made: ['provisioningState'],
};

/** The types that share one kind of record, and their items. */
export const securityGroupMembers: KnownMembers = {
  objectType: 'NetworkSecurityGroupProperties',
  kept: ['flushConnection', 'securityRules'],
  empty: [],
  made: [...madeOfAny, 'defaultSecurityRules', 'networkInterfaces', 'subnets'],
};

export const securityRuleMembers: KnownMembers = {
  objectType: 'SecurityRuleProperties',
  kept: [
    'access',
    'description',
    'direction',
    'priority',
    'protocol',
    'sourceAddressPrefix',
    'sourceAddressPrefixes',
    'sourceApplicationSecurityGroups',
    'sourcePortRange',
    'sourcePortRanges',
    'destinationAddressPrefix',
    'destinationAddressPrefixes',
    'destinationApplicationSecurityGroups',
    'destinationPortRange',
    'destinationPortRanges',
  ],
  empty: [],
  made: ['provisioningState'],
};

export const routeTableMembers: KnownMembers = {
  objectType: 'RouteTableProperties',
  kept: ['disableBgpRoutePropagation', 'routes'],
  empty: [],
  made: [...madeOfAny, 'subnets'],
};

export const routeMembers: KnownMembers = {
  objectType: 'RouteProperties',
  kept: ['addressPrefix', 'nextHopIpAddress', 'nextHopType'],
  empty: [],
  made: ['hasBgpOverride', 'provisioningState'],
};

export const endpointPolicyMembers: KnownMembers = {
  objectType: 'ServiceEndpointPolicyProperties',
  kept: ['serviceEndpointPolicyDefinitions'],
  empty: ['contextualServiceEndpointPolicies', 'serviceAlias'],
  made: [...madeOfAny, 'subnets'],
};

export const natGatewayMembers: KnownMembers = {
  objectType: 'NatGatewayProperties',
  kept: ['idleTimeoutInMinutes', 'publicIpAddresses', 'publicIpPrefixes'],
  empty: ['publicIpAddressesV6', 'publicIpPrefixesV6', 'serviceGateway', 'sourceVirtualNetwork'],
  made: [...madeOfAny, 'subnets'],
};

export const publicAddressMembers: KnownMembers = {
  objectType: 'PublicIPAddressProperties',
  kept: [
    'ddosSettings',
    'deleteOption',
    'dnsSettings',
    'idleTimeoutInMinutes',
    'ipTags',
    'publicIPAddressVersion',
    'publicIPAllocationMethod',
  ],
  empty: ['linkedPublicIPAddress', 'publicIPPrefix', 'servicePublicIPAddress'],
  made: [...madeOfAny, 'ipAddress', 'ipConfiguration', 'migrationPhase', 'natGateway'],
};

export const peeringMembers: KnownMembers = {
  objectType: 'VirtualNetworkPeeringProperties',
  kept: [
    'allowForwardedTraffic',
    'allowGatewayTransit',
    'allowVirtualNetworkAccess',
    'doNotVerifyRemoteGateways',
    'peerCompleteVnets',
    'remoteVirtualNetwork',
    'useRemoteGateways',
  ],
  empty: ['enableOnlyIPv6Peering', 'localSubnetNames', 'remoteSubnetNames'],
  made: [
    ...madeOfAny,
    'localAddressSpace',
    'localVirtualNetworkAddressSpace',
    'peeringState',
    'peeringSyncLevel',
    'remoteAddressSpace',
    'remoteBgpCommunities',
    'remoteVirtualNetworkAddressSpace',
    'remoteVirtualNetworkEncryption',
  ],
};

/**
 * A Microsoft.Network object, with the members that are kept; `members` gives some of them a shape. A member that Azure
 * does not have is refused, as there. A reference to something that cannot exist here is refused unless it is empty, so
 * that no request is silently ignored. A value that is not an object counts as one without members.
 */
export function networkObject<M extends Members>(known: KnownMembers, members: M) {
  return refine(keptMembers(known), object(members, { keepOthers: true }));
}

function keptMembers({ objectType, kept, empty, made }: KnownMembers): Shape<Record<string, unknown>, ResourceBreach> {
  const shape = object({
    ...each(kept, optional(anything)),
    ...each(empty, optional(nothing)),
    ...each(made, ignored),
  });
  const dropped = new Set(empty);
  return (value) => {
    const read = shape(membersOf(value));
    if (read.ok) return accept(Object.fromEntries(Object.entries(read.value).filter(([name]) => !dropped.has(name))));
    const { fault } = read;
    if (fault.kind !== 'unknownMember') return read;
    return breached(value, { kind: 'networkMemberUnknown', objectType, member: fault.member });
  };
}

const nothing: Shape<unknown> = (value) =>
  Array.isArray(value) && value.length === 0
    ? accept(value)
    : wrong(value, 'null or empty, because this is not supported here');

/** `{ id }`, a resource's reference to another. */
export const reference: Shape<string> = (value) => {
  const { id } = membersOf(value);
  return typeof id === 'string' && id !== '' ? accept(id) : wrong(value, 'an object with the ARM id of a resource');
};

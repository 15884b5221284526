import { refuse } from '../firewall/json.ts';
import { refuseResource } from './refusal.ts';
import type { ResourceOutcome } from './refusal.ts';

/** The members that Microsoft.Network has of an object (api-version 2025-01-01), by what is made of them. */
export interface KnownMembers {
  /** As Azure's errors name the object. */
  readonly objectType: string;
  /** Kept as they are sent, and given back. */
  readonly kept: readonly string[];
  /** References to what cannot exist here: only `null` and an empty list say nothing. */
  readonly empty: readonly string[];
  /** What the service makes; a client sends it back and it is ignored. */
  readonly made: readonly string[];
}

const madeOfAny = ['etag', 'flowLogs', 'provisioningState', 'resourceGuid'];

export const networkMembers: KnownMembers = {
  objectType: 'VirtualNetworkProperties',
  kept: [
    'bgpCommunities',
    'dhcpOptions',
    'enableDdosProtection',
    'enableVmProtection',
    'encryption',
    'flowTimeoutInMinutes',
    'privateEndpointVNetPolicies',
  ],
  empty: ['ddosProtectionPlan', 'defaultPublicNatGateway', 'ipAllocations'],
  made: madeOfAny,
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
    'defaultOutboundAccess',
    'delegations',
    'natGateway',
    'networkSecurityGroup',
    'privateEndpointNetworkPolicies',
    'privateLinkServiceNetworkPolicies',
    'routeTable',
    'serviceEndpointPolicies',
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
  // The public address that traffic to the service would have: Postern moves no packets, and could not keep the promise.
  empty: ['networkIdentifier'],
  made: ['provisioningState'],
};

/** The types that share one kind of record, by type, and what lies in them. */
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
 * The members of an object that are kept. One that Azure does not have is refused, as there; one that would refer to
 * what cannot exist here is refused unless it is empty: nothing that a client asked for is dropped silently.
 */
export function readMembers(
  members: Readonly<Record<string, unknown>>,
  path: string,
  { objectType, kept, empty, made }: KnownMembers,
): ResourceOutcome<Readonly<Record<string, unknown>>> {
  const known = new Set([...kept, ...empty, ...made]);
  const unknown = Object.keys(members).find((member) => !known.has(member));
  if (unknown !== undefined) {
    // Microsoft.Network's sentence (azure-cli#16205), without the line and column.
    const shown = unknown.slice(0, 100);
    const message = `Could not find member '${shown}' on object of type '${objectType}'. Path '${path}.${shown}'.`;
    return refuseResource({ kind: 'memberUnknown', details: [{ code: 'InvalidJson', message }] });
  }
  const given = empty.find((member) => !isEmpty(members[member]));
  if (given !== undefined) {
    const expected = 'null or empty, because this is not supported here';
    return refuse({ kind: 'wrongType', path: `${path}.${given}`, expected, found: 'another value' });
  }
  const entries = Object.entries(members).filter(([member, value]) => kept.includes(member) && value !== null);
  return { ok: true, value: Object.fromEntries(entries) };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

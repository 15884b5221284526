import { membersOf, without } from '../../resources/members.ts';

/** A resource as it was read for an export. */
export interface Exported {
  readonly id: string;
  readonly apiVersion: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What the service makes of `properties`, by type in lower case: it is not part of what somebody asked for. */
const madeByType: Readonly<Record<string, readonly string[]>> = {
  'microsoft.keyvault/vaults': ['vaultUri', 'privateEndpointConnections', 'hsmPoolResourceId'],
  'microsoft.managedidentity/userassignedidentities': ['principalId', 'clientId', 'tenantId'],
  'microsoft.network/natgateways': ['subnets'],
  'microsoft.network/networksecuritygroups': ['subnets', 'defaultSecurityRules'],
  'microsoft.network/privateendpoints': ['networkInterfaces', 'customDnsConfigs'],
  'microsoft.network/publicipaddresses': ['ipAddress', 'natGateway', 'ipConfiguration'],
  'microsoft.network/routetables': ['subnets'],
  'microsoft.network/serviceendpointpolicies': ['subnets'],
  'microsoft.network/virtualnetworks': ['virtualNetworkPeerings'],
  'microsoft.network/virtualnetworks/virtualnetworkpeerings': [
    'peeringState',
    'peeringSyncLevel',
    'remoteAddressSpace',
    'remoteVirtualNetworkAddressSpace',
  ],
  'microsoft.operationalinsights/workspaces': ['customerId', 'createdDate', 'modifiedDate'],
  'microsoft.storage/storageaccounts': [
    'creationTime',
    'keyCreationTime',
    'primaryEndpoints',
    'primaryLocation',
    'privateEndpointConnections',
    'statusOfPrimary',
  ],
};

/** The same at any depth. */
const madeAnywhere = [
  'etag',
  'provisioningState',
  'resourceGuid',
  'privateEndpoints',
  'privateLinkServiceConnectionState',
];

export function madeMembers(type: string): readonly string[] {
  return madeByType[type.toLowerCase()] ?? [];
}

export function exportedProperties(properties: unknown, made: readonly string[]): unknown {
  return withoutMade(without(membersOf(properties), made));
}

/** Of a managed identity only what was asked for; its ids are new ones in what the template makes. */
export function exportedIdentity(identity: unknown): unknown {
  const { type, userAssignedIdentities } = membersOf(identity);
  const ids = Object.keys(membersOf(userAssignedIdentities));
  return { type, ...(ids.length > 0 && { userAssignedIdentities: Object.fromEntries(ids.map((id) => [id, {}])) }) };
}

/** What lies in a resource under an id of its own is named there, not referred to. */
function withoutMade(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMade);
  if (typeof value !== 'object' || value === null) return value;
  const isItem = 'name' in value && 'properties' in value;
  const kept = without({ ...value }, isItem ? [...madeAnywhere, 'id', 'type'] : madeAnywhere);
  return Object.fromEntries(Object.entries(kept).map(([member, content]) => [member, withoutMade(content)]));
}

import { isResourceGroupName, virtualNetworkId, virtualNetworkKey } from '../../resources/keys.ts';
import { membersOf } from '../../resources/refusal.ts';
import { regionalBgpCommunity } from '../../resources/networks/regional-communities.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { PeeringRecord, SubnetRecord, VirtualNetworkRecord } from '../../types/network.ts';
import { answer, resourceNotFound } from '../operation.ts';
import type { ControlCall } from '../operation.ts';
import { groupPath, placeOf } from '../resource-groups/resource-groups.ts';
import type { Accepted } from '../long-running/operation.ts';

export const networksPath = `${groupPath}/providers/Microsoft.Network/virtualNetworks`;
export const networkPath = `${networksPath}/:virtualNetwork`;
export const subnetPath = `${networkPath}/subnets/:subnet`;

/** Members of answers that Azure does not have. */
interface Expanded {
  /** Whether subnets have a `resourceGuid`; on Azure only virtual networks do. */
  readonly guids?: boolean;
}

/**
 * `$expand=resourceGuid` shows the id of a subnet's incarnation, to which a vault's rules are bound and which gateways
 * name.
 */
export function expandedBy({ query }: ControlCall): Expanded {
  return { guids: query['$expand']?.toLowerCase() === 'resourceguid' };
}

export function networkResource(network: VirtualNetworkRecord, expanded: Expanded = {}) {
  return {
    name: network.name,
    id: virtualNetworkId(network),
    etag: network.etag,
    type: 'Microsoft.Network/virtualNetworks',
    location: network.location,
    tags: network.tags,
    properties: {
      enableDdosProtection: false,
      ...network.others,
      ...regionalCommunity(network),
      provisioningState: 'Succeeded',
      resourceGuid: network.resourceGuid,
      addressSpace: { addressPrefixes: network.addressPrefixes },
      subnets: network.subnets.map((subnet) => subnetResource(network, subnet, expanded)),
      virtualNetworkPeerings: (network.peerings ?? []).map((peering) => peeringResource(network, peering)),
    },
  };
}

/** The BGP community of the region, which Azure adds to the network's own. */
function regionalCommunity({ others, location }: VirtualNetworkRecord) {
  const communities = membersOf(others['bgpCommunities']);
  const regional = regionalBgpCommunity(location);
  if (communities['virtualNetworkCommunity'] === undefined || regional === undefined) return {};
  return { bgpCommunities: { ...communities, regionalCommunity: regional } };
}

/** A subnet, with Azure's defaults (recorded: azure-cli `test_network_vnet`). */
export function subnetResource(network: VirtualNetworkRecord, subnet: SubnetRecord, { guids }: Expanded = {}) {
  return {
    name: subnet.name,
    id: `${virtualNetworkId(network)}/subnets/${subnet.name}`,
    etag: subnet.etag,
    type: 'Microsoft.Network/virtualNetworks/subnets',
    properties: {
      delegations: [],
      privateEndpointNetworkPolicies: 'Disabled',
      privateLinkServiceNetworkPolicies: 'Enabled',
      ...subnet.others,
      provisioningState: 'Succeeded',
      ...(guids === true && { resourceGuid: subnet.incarnation }),
      addressPrefix: subnet.addressPrefix,
      ...(subnet.serviceEndpoints.length > 0 && {
        serviceEndpoints: subnet.serviceEndpoints.map((endpoint) => ({ provisioningState: 'Succeeded', ...endpoint })),
      }),
      ...(subnet.privateEndpoints !== undefined && { privateEndpoints: subnet.privateEndpoints.map((id) => ({ id })) }),
    },
  };
}

/** A peering, as one of the two networks shows it. */
export function peeringResource(network: VirtualNetworkRecord, peering: PeeringRecord) {
  const space = { addressPrefixes: peering.remotePrefixes };
  return {
    name: peering.name,
    id: `${virtualNetworkId(network)}/virtualNetworkPeerings/${peering.name}`,
    etag: peering.etag,
    type: 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings',
    properties: {
      ...peering.others,
      provisioningState: 'Succeeded',
      peeringState: peering.state,
      peeringSyncLevel: peering.state === 'Connected' ? 'FullyInSync' : 'RemoteNotInSync',
      remoteVirtualNetwork: { id: peering.remote },
      remoteAddressSpace: space,
      remoteVirtualNetworkAddressSpace: space,
    },
  };
}

/** The record of the path's virtual network; `undefined` if there is none. */
export async function findNetwork(call: ControlCall): Promise<Stored<VirtualNetworkRecord> | undefined> {
  const place = placeOf(call);
  const name = call.params['virtualNetwork'] ?? '';
  const hasKey = networkName.test(name) && isResourceGroupName(place.resourceGroup);
  const [record] = hasKey ? await readRecords(call.store, { get: [virtualNetworkKey(place, name)] }) : [];
  return record;
}

/**
 * The virtual network of the path and its record.
 * @throws {Refused} if it does not exist
 */
export async function readNetworkOf(call: ControlCall) {
  const record = await findNetwork(call);
  if (record !== undefined) return { record, network: record.value };
  return resourceNotFound('Microsoft.Network/virtualNetworks', call.params['virtualNetwork'] ?? '', placeOf(call));
}

/** Names of virtual networks: 2 to 64 characters (Azure's naming rules). */
export const networkName = /^[a-z0-9][a-z0-9_.-]{0,62}[a-z0-9_]$/i;

interface NetworkBody {
  readonly etag?: string;
}

/** Answers a GET of Microsoft.Network, with the etag in a header too (recorded: azure-cli `test_network_vnet`). */
export function networkAnswer(body: NetworkBody) {
  const headers = body.etag === undefined ? {} : { headers: { etag: body.etag } };
  return { answer: { status: 200, body, ...headers } };
}

/**
 * The answer to a PUT. The change is in force, but the answer says `Updating` and where to ask for the status, as on
 * Azure; the status is `Succeeded` at once.
 */
export function networkPut(
  call: ControlCall,
  { created, location, body }: { readonly created: boolean; readonly location: string; readonly body: NetworkBody },
) {
  return { ...answer(created ? 201 : 200, updating(body)), accepted: doneWith(call, location) };
}

/** The answer to a DELETE, which is complete as well. */
export function networkDeleted(call: ControlCall, location: string) {
  const { statusPath, ...accepted } = doneWith(call, location);
  const resultPath = (id: string) => statusPath(id).replace('/operations/', '/operationResults/');
  return { ...answer(202), accepted: { ...accepted, statusPath, resultPath } };
}

function doneWith({ subscription, path }: ControlCall, location: string): Accepted {
  const operations = `/subscriptions/${subscription.subscriptionId}/providers/Microsoft.Network/locations/${location}/operations`;
  return {
    kind: 'done',
    resourceId: path,
    statusPath: (id) => `${operations}/${id}`,
    header: 'azure-asyncoperation',
  };
}

/** A body with the state of a resource that is being changed, and of the resources in it. */
export function updating(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(updating);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, content]: [string, unknown]) => [
      member,
      member === 'provisioningState' ? 'Updating' : updating(content),
    ]),
  );
}

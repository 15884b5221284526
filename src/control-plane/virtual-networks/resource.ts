import { isResourceGroupName, virtualNetworkId, virtualNetworkKey } from '../../resources/keys.ts';
import { decode } from '../../store/store.ts';
import type { StoredRecord } from '../../store/store.ts';
import type { PeeringRecord, SubnetRecord, VirtualNetworkRecord } from '../../types/network.ts';
import type { ControlCall, ControlOutcome } from '../operation.ts';
import type { Accepted } from '../long-running/operation.ts';
import { refuse } from '../outcome.ts';
import { groupPath, placeOf } from '../resource-groups/resource.ts';

export const networksPath = `${groupPath}/providers/Microsoft.Network/virtualNetworks`;
export const networkPath = `${networksPath}/:virtualNetwork`;
export const subnetPath = `${networkPath}/subnets/:subnet`;

/** A network is made with the answer; clients ask all the same whether it is done. */
export function networkMade(call: ControlCall, location: string): Accepted {
  const { subscriptionId } = call.subscription;
  return {
    kind: 'done',
    resourceId: call.path,
    statusPath: (id) =>
      `/subscriptions/${subscriptionId}/providers/Microsoft.Network/locations/${location}/operations/${id}`,
    header: 'azure-asyncoperation',
  };
}

export function networkResource(network: VirtualNetworkRecord) {
  return {
    name: network.name,
    id: virtualNetworkId(network),
    etag: network.etag,
    type: 'Microsoft.Network/virtualNetworks',
    location: network.location,
    tags: network.tags,
    properties: {
      ...network.others,
      provisioningState: 'Succeeded',
      resourceGuid: network.resourceGuid,
      addressSpace: { addressPrefixes: network.addressPrefixes },
      subnets: network.subnets.map((subnet) => subnetResource(network, subnet)),
      ...(network.peerings !== undefined && {
        virtualNetworkPeerings: network.peerings.map((peering) => peeringResource(network, peering)),
      }),
    },
  };
}

/**
 * A subnet. Azure gives a `resourceGuid` to the network only; here the subnet has one as well, for it is what a vault's
 * rule is bound to and what a gateway names.
 */
export function subnetResource(network: VirtualNetworkRecord, subnet: SubnetRecord) {
  return {
    name: subnet.name,
    id: `${virtualNetworkId(network)}/subnets/${subnet.name}`,
    etag: subnet.etag,
    type: 'Microsoft.Network/virtualNetworks/subnets',
    properties: {
      ...subnet.others,
      provisioningState: 'Succeeded',
      resourceGuid: subnet.incarnation,
      addressPrefix: subnet.addressPrefix,
      serviceEndpoints: subnet.serviceEndpoints.map((endpoint) => ({ provisioningState: 'Succeeded', ...endpoint })),
      ...(subnet.privateEndpoints !== undefined && { privateEndpoints: subnet.privateEndpoints.map((id) => ({ id })) }),
    },
  };
}

/** A peering, as it stands in one of its two networks. */
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

/** The virtual network of the path and its record. */
export async function readNetworkOf(
  call: ControlCall,
): Promise<
  | { readonly ok: true; readonly record: StoredRecord; readonly network: VirtualNetworkRecord }
  | Extract<ControlOutcome, { ok: false }>
> {
  const place = placeOf(call);
  const { resourceGroup } = place;
  const name = call.params['virtualNetwork'] ?? '';
  const hasKey = networkName.test(name) && isResourceGroupName(resourceGroup);
  const [record] = hasKey ? await call.store.read({ get: [virtualNetworkKey(place, name)] }) : [];
  if (record === undefined) {
    return refuse({ kind: 'resourceNotFound', type: 'Microsoft.Network/virtualNetworks', name, resourceGroup });
  }
  return { ok: true, record, network: decode<VirtualNetworkRecord>(record) };
}

/** Names of virtual networks: 2 to 64 characters (Azure's naming rules). */
export const networkName = /^[a-z0-9][a-z0-9_.-]{0,62}[a-z0-9_]$/i;

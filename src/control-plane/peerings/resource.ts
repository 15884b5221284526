import { findPeering } from '../../resources/peerings.ts';
import type { ControlCall } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { networkPath, readNetworkOf } from '../virtual-networks/resource.ts';

export const peeringsPath = `${networkPath}/virtualNetworkPeerings`;
export const peeringPath = `${peeringsPath}/:peering`;

/** The peering of the path, in its network. */
export async function readPeeringOf(call: ControlCall) {
  const found = await readNetworkOf(call);
  if (!found.ok) return found;
  const name = call.params['peering'] ?? '';
  const peering = findPeering(found.network, name);
  if (peering !== undefined) return { ...found, peering };
  const { resourceGroup, name: network } = found.network;
  const type = 'Microsoft.Network/virtualNetworks/virtualNetworkPeerings';
  return refuse({ kind: 'resourceNotFound', type, name: `${network}/${name}`, resourceGroup });
}

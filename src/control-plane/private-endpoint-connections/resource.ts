import { vaultId } from '../../resources/keys.ts';
import { findConnection } from '../../resources/private-endpoint-connections.ts';
import type { PrivateEndpointConnection } from '../../types/private-endpoint.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { ControlCall } from '../operation.ts';
import { refuse } from '../outcome.ts';
import { placeOf } from '../resource-groups/resource.ts';
import { connectionItem, readVaultOf, vaultPath } from '../vaults/resource.ts';

export const connectionsPath = `${vaultPath}/privateEndpointConnections`;
export const connectionPath = `${connectionsPath}/:connection`;
export const connectionAction = 'Microsoft.KeyVault/vaults/privateEndpointConnections';

const type = 'Microsoft.KeyVault/vaults/privateEndpointConnections';

/** A connection under its own id. */
export function connectionResource(vault: VaultRecord, connection: PrivateEndpointConnection) {
  const { id, etag, properties } = connectionItem(vaultId(vault), connection);
  return { id, name: connection.name, type, location: vault.location, etag, properties };
}

/** The connection of the path, in its vault. */
export async function readConnectionOf(call: ControlCall) {
  const found = await readVaultOf(call);
  if (!found.ok) return found;
  const name = call.params['connection'] ?? '';
  const connection = findConnection(found.vault, name);
  if (connection !== undefined) return { ...found, connection };
  const { resourceGroup } = placeOf(call);
  return refuse({ kind: 'resourceNotFound', type, name: `${found.vault.name}/${name}`, resourceGroup });
}

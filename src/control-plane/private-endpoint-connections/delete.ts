import { deleteConnection } from '../../resources/private-endpoint-connections.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { connectionAction, connectionPath, connectionResource, readConnectionOf } from './resource.ts';

/**
 * DELETE of a connection, 204 when there is none; the private endpoint is `Disconnected` from then on. It is done with the
 * answer, which is the connection: the official clients read one from it (PrivateEndpointConnections - Delete).
 */
export const deletePrivateEndpointConnection: ControlOperation = {
  method: 'DELETE',
  path: connectionPath,
  action: `${connectionAction}/delete`,
  audit: 'DeletePrivateEndpointConnection',
  async run(call) {
    const inVault = await readVaultOf(call);
    if (!inVault.ok) return inVault;
    const found = await readConnectionOf(call);
    if (!found.ok) return answer(204);
    const { connection, record, vault } = found;
    const refused = ifMatchRefusal(call, connection.etag);
    if (refused !== undefined) return refused;
    const change = await deleteConnection(record, connection, call);
    return { ...answer(200, connectionResource(vault, connection)), change };
  },
};

import { membersOf } from '../../resources/members.ts';
import { decideConnection, readConnectionState } from '../../resources/private-endpoint-connections.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { updating } from '../virtual-networks/answers.ts';
import { connectionAction, connectionPath, connectionResource, readConnectionOf } from './resource.ts';

/**
 * PUT of a connection approves or rejects it. None is made so: a private endpoint makes it. The decision is in force with
 * the answer, which says `Updating` all the same (recorded: azure-cli `test_keyvault_private_endpoint_connection`).
 */
export const putPrivateEndpointConnection: ControlOperation = {
  method: 'PUT',
  path: connectionPath,
  action: `${connectionAction}/write`,
  audit: 'PutPrivateEndpointConnection',
  async run(call) {
    const found = await readConnectionOf(call);
    if (!found.ok) return found;
    const { connection, record, vault } = found;
    const refused = ifMatchRefusal(call, connection.etag);
    if (refused !== undefined) return refused;
    const asked = membersOf(call.body['properties'])['privateLinkServiceConnectionState'];
    const at = 'properties.privateLinkServiceConnectionState';
    const state = readConnectionState(asked, at, connection.state);
    if (!state.ok) return state;
    const put = await decideConnection(record, { connection, state: state.value }, call);
    const operations = `/subscriptions/${vault.subscriptionId}/providers/Microsoft.KeyVault/locations/${vault.location}/operations`;
    return {
      ...answer(200, updating(connectionResource(vault, put.connection))),
      change: put.change,
      accepted: {
        kind: 'done',
        resourceId: call.path,
        statusPath: (id) => `${operations}/${id}`,
        header: 'azure-asyncoperation',
      },
    };
  },
};

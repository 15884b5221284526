import { vaultId } from '../../resources/keys.ts';
import { answer, checkConditions, orRefuse, resourceNotFound } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath, connectionItem } from './resource.ts';
import {
  findConnection,
  setConnectionState,
  connectionState,
  deleteConnection,
} from '../../resources/vaults/private-endpoint-connections.ts';
import type { PrivateEndpointConnection } from '../../types/private-endpoint.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { placeOf } from '../resource-groups/resource-groups.ts';
import { membersOf, readAt } from '../../resources/refusal.ts';
import { updating } from '../virtual-networks/resource.ts';

/** The targets for a private endpoint: the vault itself, as one group. */
const listPrivateLinkResources: ControlOperation = {
  method: 'GET',
  path: `${vaultPath}/privateLinkResources`,
  action: 'Microsoft.KeyVault/vaults/privateLinkResources/read',
  audit: 'GetPrivateLinkResources',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const resource = {
      id: `${vaultId(vault)}/privateLinkResources/vault`,
      name: 'vault',
      type: 'Microsoft.KeyVault/vaults/privateLinkResources',
      properties: {
        groupId: 'vault',
        requiredMembers: ['default'],
        requiredZoneNames: ['privatelink.vaultcore.azure.net'],
      },
    };
    return answer(200, { value: [resource] });
  },
};

const connectionsPath = `${vaultPath}/privateEndpointConnections`;
const connectionPath = `${connectionsPath}/:connection`;
const connectionAction = 'Microsoft.KeyVault/vaults/privateEndpointConnections';

const type = 'Microsoft.KeyVault/vaults/privateEndpointConnections';

/** A connection as a resource of its own. */
function connectionResource(vault: VaultRecord, connection: PrivateEndpointConnection) {
  const { id, etag, properties } = connectionItem(vaultId(vault), connection);
  return { id, name: connection.name, type, location: vault.location, etag, properties };
}

/**
 * The connection of the path, in its vault.
 * @throws {Refused} if it does not exist
 */
async function readConnectionOf(call: ControlCall) {
  const found = await readVaultOf(call);
  const name = call.params['connection'] ?? '';
  const connection = findConnection(found.vault, name);
  if (connection !== undefined) return { ...found, connection };
  return resourceNotFound(type, `${found.vault.name}/${name}`, placeOf(call));
}

const getPrivateEndpointConnection: ControlOperation = {
  method: 'GET',
  path: connectionPath,
  action: `${connectionAction}/read`,
  audit: 'GetPrivateEndpointConnection',
  async run(call) {
    const { connection, vault } = await readConnectionOf(call);
    return answer(200, connectionResource(vault, connection));
  },
};

/** The connections of a vault; they fit one page. */
const listPrivateEndpointConnections: ControlOperation = {
  method: 'GET',
  path: connectionsPath,
  action: `${connectionAction}/read`,
  audit: 'GetPrivateEndpointConnections',
  async run(call) {
    const { vault } = await readVaultOf(call);
    const { privateEndpointConnections = [] } = vault;
    return answer(200, { value: privateEndpointConnections.map((one) => connectionResource(vault, one)) });
  },
};

/**
 * PUT of a connection approves or rejects it; only a private endpoint can create one. The decision is in force with the
 * answer, which still says `Updating` (recorded: azure-cli `test_keyvault_private_endpoint_connection`).
 */
const putPrivateEndpointConnection: ControlOperation = {
  method: 'PUT',
  path: connectionPath,
  action: `${connectionAction}/write`,
  audit: 'PutPrivateEndpointConnection',
  async run(call) {
    const { connection, record, vault } = await readConnectionOf(call);
    checkConditions(call, connection.etag);
    const asked = membersOf(call.body['properties'])['privateLinkServiceConnectionState'];
    const at = 'properties.privateLinkServiceConnectionState';
    const state = orRefuse(readAt(connectionState(connection.state), asked, at));
    const put = await setConnectionState(record, { connection, state }, call);
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

/**
 * DELETE of a connection; 204 if it does not exist. The private endpoint becomes `Disconnected`. The deletion is
 * complete with the answer, which has the connection: the official clients read it (PrivateEndpointConnections -
 * Delete).
 */
const deletePrivateEndpointConnection: ControlOperation = {
  method: 'DELETE',
  path: connectionPath,
  action: `${connectionAction}/delete`,
  audit: 'DeletePrivateEndpointConnection',
  async run(call) {
    const { record, vault } = await readVaultOf(call);
    const connection = findConnection(vault, call.params['connection'] ?? '');
    if (connection === undefined) return answer(204);
    checkConditions(call, connection.etag);
    const change = await deleteConnection(record, connection, call);
    return { ...answer(200, connectionResource(vault, connection)), change };
  },
};

/** Every operation on the private endpoint connections of vaults. */
export const connectionOperations: readonly ControlOperation[] = [
  listPrivateLinkResources,
  getPrivateEndpointConnection,
  listPrivateEndpointConnections,
  putPrivateEndpointConnection,
  deletePrivateEndpointConnection,
];

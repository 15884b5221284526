import { choice, object, optional, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { Key } from '../../store/keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { Stored } from '../../store/records.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ConnectionState, PrivateEndpointConnection } from '../../types/private-endpoint.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { parseScope, resourceKey } from '../keys.ts';

interface ConnectionServices {
  readonly store: Store;
  readonly newId: () => string;
}

/** A connection after a change at the vault, and the change. */
export interface ConnectionChange {
  readonly connection: PrivateEndpointConnection;
  readonly change: Transaction;
}

/** The final state of a private endpoint whose connection was ended at the vault. */
const disconnected: ConnectionState = {
  status: 'Disconnected',
  description: 'The connection was deleted at the vault.',
  actionsRequired: 'Delete the private endpoint and create another.',
};

/** The connection with that name, ignoring case. */
export function findConnection(
  { privateEndpointConnections = [] }: VaultRecord,
  name: string,
): PrivateEndpointConnection | undefined {
  return privateEndpointConnections.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

/** The `privateLinkServiceConnectionState` of a PUT: approves or rejects, or leaves the status unchanged. */
export function connectionState(before: ConnectionState): Shape<ConnectionState> {
  return object({
    status: optional(choice([...new Set(['Approved', 'Rejected', before.status] as const)]), before.status),
    description: optional(string, ''),
    actionsRequired: optional(string, 'None'),
  });
}

/** Sets a connection's state, in the records of the vault and of the private endpoint. */
export async function setConnectionState(
  record: Stored<VaultRecord>,
  decided: { readonly connection: PrivateEndpointConnection; readonly state: ConnectionState },
  services: ConnectionServices,
): Promise<ConnectionChange> {
  const { connection: before, state } = decided;
  const connection = { ...before, state, etag: `W/"${services.newId()}"` };
  const change = changeConnections(record, (all) => all.map((one) => (one.name === before.name ? connection : one)));
  return { connection, change: merge(change, await updateEndpoints([connection], state, services)) };
}

/** Deletes a connection at the vault. The private endpoint stays, with the status `Disconnected`. */
export async function deleteConnection(
  record: Stored<VaultRecord>,
  connection: PrivateEndpointConnection,
  services: ConnectionServices,
): Promise<Transaction> {
  const change = changeConnections(record, (all) => all.filter(({ name }) => name !== connection.name));
  return merge(change, await updateEndpoints([connection], disconnected, services));
}

/** Disconnects the private endpoints of a vault that is deleted. */
export async function disconnectEndpoints(
  { privateEndpointConnections = [] }: VaultRecord,
  services: ConnectionServices,
): Promise<Transaction> {
  return updateEndpoints(privateEndpointConnections, disconnected, services);
}

/** Changes the connections in a vault's record. */
export function changeConnections(
  record: Stored<VaultRecord>,
  change: (all: readonly PrivateEndpointConnection[]) => readonly PrivateEndpointConnection[],
): Transaction {
  const { privateEndpointConnections = [], ...vault } = record.value;
  const all = change(privateEndpointConnections);
  const value = { ...vault, ...(all.length > 0 && { privateEndpointConnections: all }) };
  return { require: [{ key: record.key, version: record.version }], put: [recordPut(record.key, value)] };
}

/** Writes the state of connections to the records of their private endpoints. */
async function updateEndpoints(
  connections: readonly PrivateEndpointConnection[],
  state: ConnectionState,
  { store, newId }: ConnectionServices,
): Promise<Transaction> {
  const get = connections.map(({ endpoint }) => endpointKey(endpoint));
  const records = get.length === 0 ? [] : await readRecords(store, { get });
  const changed = records.flatMap((record, index) => {
    if (record === undefined) return [];
    const endpoint = record.value;
    const { name } = connections[index] ?? {};
    if (name === undefined || endpoint.made.connection?.name !== name) return [];
    const made = { ...endpoint.made, connection: { name, state } };
    return [{ record, value: { ...endpoint, made, etag: `W/"${newId()}"` } }];
  });
  return {
    require: changed.map(({ record }) => ({ key: record.key, version: record.version })),
    put: changed.map(({ record, value }) => recordPut(record.key, value)),
  };
}

function endpointKey(id: string): Key<ResourceRecord> {
  const { subscriptionId = '', resourceGroup = '', type = '', names = [] } = parseScope(id) ?? {};
  return resourceKey({ subscriptionId, resourceGroup }, type, names);
}

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

interface ConnectionsWorld {
  readonly store: Store;
  readonly newId: () => string;
}

/** A connection after a change at the vault, and the change. */
export interface ConnectionChange {
  readonly connection: PrivateEndpointConnection;
  readonly change: Transaction;
}

/** What a private endpoint shows once its vault, or somebody there, has ended the connection. It stays so. */
const disconnected: ConnectionState = {
  status: 'Disconnected',
  description: 'The connection was deleted at the vault.',
  actionsRequired: 'Delete the private endpoint, and create another.',
};

/** The connection of that name, in any case. */
export function findConnection(
  { privateEndpointConnections = [] }: VaultRecord,
  name: string,
): PrivateEndpointConnection | undefined {
  return privateEndpointConnections.find((one) => one.name.toLowerCase() === name.toLowerCase());
}

/** `privateLinkServiceConnectionState` of a PUT: it approves or rejects, or leaves the status as it is. */
export function connectionState(before: ConnectionState): Shape<ConnectionState> {
  return object({
    status: optional(choice([...new Set(['Approved', 'Rejected', before.status] as const)]), before.status),
    description: optional(string, ''),
    actionsRequired: optional(string, 'None'),
  });
}

/** Puts a connection's state, at the vault and at the private endpoint. */
export async function decideConnection(
  record: Stored<VaultRecord>,
  decided: { readonly connection: PrivateEndpointConnection; readonly state: ConnectionState },
  world: ConnectionsWorld,
): Promise<ConnectionChange> {
  const { connection: before, state } = decided;
  const connection = { ...before, state, etag: `W/"${world.newId()}"` };
  const change = changeConnections(record, (all) => all.map((one) => (one.name === before.name ? connection : one)));
  return { connection, change: merge(change, await tell([connection], state, world)) };
}

/** Deletes a connection at the vault; the private endpoint stays, `Disconnected`. */
export async function deleteConnection(
  record: Stored<VaultRecord>,
  connection: PrivateEndpointConnection,
  world: ConnectionsWorld,
): Promise<Transaction> {
  const change = changeConnections(record, (all) => all.filter(({ name }) => name !== connection.name));
  return merge(change, await tell([connection], disconnected, world));
}

/** What the private endpoints of a vault that goes are told. */
export async function disconnectEndpoints(
  { privateEndpointConnections = [] }: VaultRecord,
  world: ConnectionsWorld,
): Promise<Transaction> {
  return tell(privateEndpointConnections, disconnected, world);
}

/** A vault's record with other connections. */
export function changeConnections(
  record: Stored<VaultRecord>,
  change: (all: readonly PrivateEndpointConnection[]) => readonly PrivateEndpointConnection[],
): Transaction {
  const { privateEndpointConnections = [], ...vault } = record.value;
  const all = change(privateEndpointConnections);
  const value = { ...vault, ...(all.length > 0 && { privateEndpointConnections: all }) };
  return { require: [{ key: record.key, version: record.version }], put: [recordPut(record.key, value)] };
}

/** Writes the state of connections into the records of their private endpoints. */
async function tell(
  connections: readonly PrivateEndpointConnection[],
  state: ConnectionState,
  { store, newId }: ConnectionsWorld,
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

import { readRecords } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { Stored } from '../../store/records.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ConnectionState } from '../../types/private-endpoint.ts';
import type { ResourceMade, ResourceRecord } from '../../types/resource.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { parseScope, resourceId, vaultKey } from '../keys.ts';
import type { ResourceServices } from '../any/kind-rules.ts';
import { changeConnections } from '../vaults/private-endpoint-connections.ts';
import { endpointLink } from './private-endpoint-properties.ts';
import type { EndpointLink } from './private-endpoint-properties.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { isSameLocation } from '../regions.ts';
import { knownTypes } from '../any/resource-types.ts';
import { isAt, isVaultName } from '../vaults/vaults.ts';
import { changeEndpoints, readSubnetById } from './virtual-networks.ts';

/** The action that the caller needs on the endpoint's subnet. */
const joinAction = 'Microsoft.Network/virtualNetworks/subnets/join/action';

/** The action that the caller needs on the vault for a connection that is approved at once. */
const approveAction = 'Microsoft.KeyVault/vaults/PrivateEndpointConnectionsApproval/action';

/** Azure's limit for a vault (azure-subscription-service-limits). */
const connectionsMax = 64;

type Connected = ResourceOutcome<{ readonly made: ResourceMade; readonly change: Transaction }>;

/**
 * Connects a new private endpoint: its subnet lists it from now on, and its vault gets a connection. That is approved if the
 * caller requests this and may approve it, otherwise pending. An endpoint's target never changes (Private Endpoints - Create
 * Or Update: a private endpoint is deleted and created again).
 */
export async function connectEndpoint(
  draft: ResourceRecord,
  before: ResourceRecord | undefined,
  services: ResourceServices,
): Promise<Connected> {
  const link = endpointLink(draft);
  if (before !== undefined) {
    if (isSameLink(link, endpointLink(before))) return { ok: true, value: { made: before.made, change: {} } };
    const rule = 'its subnet and its connection cannot be changed. Delete it and create it again';
    return invalid(`The private endpoint ${resourceId(draft)} exists already, and ${rule}.`);
  }
  const joinedSubnet = await joinSubnet(draft, link, services);
  if (!joinedSubnet.ok) return joinedSubnet;
  const requested = await requestConnection(draft, link, services);
  if (!requested.ok) return requested;
  const { made, change } = requested.value;
  return { ok: true, value: { made, change: merge(joinedSubnet.value, change) } };
}

/** Removes a deleted private endpoint from its subnet and its vault. */
export async function disconnectEndpoint(resource: ResourceRecord, store: Store): Promise<Transaction> {
  const { subnetId, connection } = endpointLink(resource);
  const id = resourceId(resource).toLowerCase();
  const living = await readSubnetById(subnetId, store);
  const removal =
    living === undefined
      ? {}
      : changeEndpoints(living.record, living.subnet.name, (all) => all.filter((one) => one.toLowerCase() !== id));
  const { name } = resource.made.connection ?? {};
  const record = await readVault(connection.properties.privateLinkServiceId, store);
  const connections = record === undefined ? [] : (record.value.privateEndpointConnections ?? []);
  if (record === undefined || !connections.some((one) => one.name === name)) return removal;
  return merge(
    removal,
    changeConnections(record, (all) => all.filter((one) => one.name !== name)),
  );
}

/** The ARM id of the vault to which a private endpoint has a connection; `undefined` for any other resource. */
export function connectedVault(resource: ResourceRecord): string | undefined {
  const isEndpoint = resource.type === knownTypes.privateEndpoint;
  if (!isEndpoint || resource.made.connection?.state.status === 'Disconnected') return undefined;
  return parseScope(endpointLink(resource).connection.properties.privateLinkServiceId)?.id;
}

/** An endpoint must be in its network's region and subscription, and its creator must be allowed to join the subnet. */
async function joinSubnet(
  draft: ResourceRecord,
  { subnetId }: EndpointLink,
  { store, linkedRefusal }: ResourceServices,
): Promise<ResourceOutcome<Transaction>> {
  const refusal = linkedRefusal(joinAction, subnetId);
  if (refusal !== undefined) return refuseResource(refusal);
  const by = resourceId(draft);
  const living = await readSubnetById(subnetId, store);
  if (living === undefined) return refuseResource({ kind: 'referenceInvalid', id: subnetId, by });
  const network = living.record.value;
  const isHere =
    network.subscriptionId.toLowerCase() === draft.subscriptionId.toLowerCase() &&
    isSameLocation(network.location, draft.location ?? '');
  if (!isHere) return refuseResource({ kind: 'referenceInvalid', id: subnetId, by });
  return { ok: true, value: changeEndpoints(living.record, living.subnet.name, (all) => [...all, by]) };
}

async function requestConnection(
  draft: ResourceRecord,
  { connection, manual }: EndpointLink,
  { store, linkedRefusal, newId }: ResourceServices,
): Promise<Connected> {
  const { privateLinkServiceId: id, requestMessage = '' } = connection.properties;
  const named = vaultNamed(id);
  if (named === undefined) {
    const form = '/subscriptions/…/resourceGroups/…/providers/Microsoft.KeyVault/vaults/{name}';
    return invalid(
      `privateLinkServiceId is '${id}'. Here it must be the id of a vault (${form}): only vaults can have private endpoints.`,
    );
  }
  const refusal = manual ? undefined : linkedRefusal(approveAction, id);
  if (refusal !== undefined) return refuseResource(refusal);
  const record = await readVault(id, store);
  if (record === undefined)
    return refuseResource({
      kind: 'resourceNotFound',
      type: 'Microsoft.KeyVault/vaults',
      name: named.name,
      resourceGroup: named.resourceGroup,
    });
  const { privateEndpointConnections: others = [] } = record.value;
  if (others.length >= connectionsMax) {
    return invalid(`The vault ${id} has ${connectionsMax} private endpoint connections, the maximum for a vault.`);
  }
  const state: ConnectionState = manual
    ? { status: 'Pending', description: requestMessage, actionsRequired: 'None' }
    : { status: 'Approved', description: 'Auto-Approved', actionsRequired: 'None' };
  const name = `${draft.names[0] ?? ''}.${draft.guid}`;
  const added = { name, etag: `W/"${newId()}"`, endpoint: resourceId(draft), state };
  return {
    ok: true,
    value: { made: { connection: { name, state } }, change: changeConnections(record, (all) => [...all, added]) },
  };
}

function vaultNamed(id: string) {
  const { subscriptionId, resourceGroup, type = '', names = [] } = parseScope(id) ?? {};
  const [name = ''] = names;
  if (
    type.toLowerCase() !== 'microsoft.keyvault/vaults' ||
    subscriptionId === undefined ||
    resourceGroup === undefined
  ) {
    return undefined;
  }
  return { subscriptionId, resourceGroup, name };
}

/** The record of the vault with that ARM id, unless it is soft-deleted. */
async function readVault(id: string, store: Store): Promise<Stored<VaultRecord> | undefined> {
  const named = vaultNamed(id);
  if (named === undefined || !isVaultName(named.name)) return undefined;
  const [record] = await readRecords(store, { get: [vaultKey(named.name)] });
  if (record === undefined) return undefined;
  const vault = record.value;
  return vault.deleted === undefined && isAt(vault, named) ? record : undefined;
}

function isSameLink(one: EndpointLink, other: EndpointLink): boolean {
  const [a, b] = [one.connection, other.connection];
  return (
    one.manual === other.manual &&
    a.name === b.name &&
    one.subnetId.toLowerCase() === other.subnetId.toLowerCase() &&
    a.properties.privateLinkServiceId.toLowerCase() === b.properties.privateLinkServiceId.toLowerCase()
  );
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}

import { createHash } from 'node:crypto';
import type { NameSet } from '../../http/host.ts';
import { vaultId, vaultKey } from '../../resources/keys.ts';
import { isAt, isVaultName } from '../../resources/vaults/vaults.ts';
import type { VaultServices } from '../../resources/vaults/vaults.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { PrivateEndpointConnection } from '../../types/private-endpoint.ts';
import type { VaultRecord } from '../../types/vault.ts';
import { resourceNotFound } from '../operation.ts';
import type { ControlCall, ControlServices } from '../operation.ts';
import { groupPath, placeOf } from '../resource-groups/resource-groups.ts';

export const vaultsPath = `${groupPath}/providers/Microsoft.KeyVault/vaults`;
export const vaultPath = `${vaultsPath}/:vault`;

/**
 * A vault in the resource manager's form: the members that were sent, and those that the service adds. The incarnations
 * to which rules are bound are not shown.
 */
export function vaultResource(vault: VaultRecord, { names }: { readonly names: NameSet }) {
  const { networkAcls, ...properties } = vault.properties;
  const { privateEndpointConnections } = vault;
  const id = vaultId(vault);
  return {
    id,
    name: vault.name,
    type: 'Microsoft.KeyVault/vaults',
    location: vault.location,
    tags: vault.tags,
    systemData: vault.systemData,
    properties: {
      enabledForDeployment: false,
      ...properties,
      ...(networkAcls !== undefined && {
        networkAcls: {
          ...networkAcls,
          virtualNetworkRules: networkAcls.virtualNetworkRules.map(({ incarnation: _, ...rule }) => rule),
        },
      }),
      ...(privateEndpointConnections !== undefined && {
        privateEndpointConnections: privateEndpointConnections.map((one) => connectionItem(id, one)),
      }),
      enableSoftDelete: true,
      vaultUri: `https://${vault.name}${names.vaultSuffix}/`,
      provisioningState: 'Succeeded',
    },
  };
}

/** A private endpoint connection in its vault; `id` is the vault's ARM id. */
export function connectionItem(id: string, { name, etag, endpoint, state }: PrivateEndpointConnection) {
  return {
    id: `${id}/privateEndpointConnections/${name}`,
    etag,
    properties: {
      privateEndpoint: { id: endpoint },
      privateLinkServiceConnectionState: state,
      provisioningState: 'Succeeded',
    },
  };
}

export function deletedVaultResource(vault: VaultRecord) {
  const { name, subscriptionId, location, tags, properties, deleted } = vault;
  return {
    id: `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${name}`,
    name,
    type: 'Microsoft.KeyVault/deletedVaults',
    properties: {
      vaultId: vaultId(vault),
      location,
      tags,
      ...deleted,
      ...(properties.enablePurgeProtection === true && { purgeProtectionEnabled: true }),
    },
  };
}

/** The record of the path's vault; `undefined` if there is none. A soft-deleted vault is not found. */
export async function findVault(call: ControlCall): Promise<Stored<VaultRecord> | undefined> {
  const name = call.params['vault'] ?? '';
  const [record] = isVaultName(name) ? await readRecords(call.store, { get: [vaultKey(name)] }) : [];
  if (record === undefined || record.value.deleted !== undefined) return undefined;
  return isAt(record.value, placeOf(call)) ? record : undefined;
}

/**
 * The vault of the path and its record.
 * @throws {Refused} if it does not exist
 */
export async function readVaultOf(call: ControlCall) {
  const record = await findVault(call);
  if (record !== undefined) return { record, vault: record.value };
  return resourceNotFound('Microsoft.KeyVault/vaults', call.params['vault'] ?? '', placeOf(call));
}

/** The vaults of a page of an index. A vault that was purged in the meantime is left out. */
export async function vaultsOfIndex(
  call: ControlCall,
  index: readonly Stored<null>[],
): Promise<readonly VaultRecord[]> {
  const get = index.map(({ key }) => vaultKey(key.slice(key.lastIndexOf('/') + 1)));
  const records = get.length === 0 ? [] : await readRecords(call.store, { get });
  return records.flatMap((record) => (record === undefined ? [] : [record.value]));
}

/**
 * The `ETag` of a vault, a digest of its whole record. Azure has none, so only a header carries it: an extra member
 * would differ from Azure's body.
 */
export function vaultEtag(vault: VaultRecord): string {
  return `"${createHash('sha256').update(JSON.stringify(vault)).digest('hex').slice(0, 32)}"`;
}

/** A vault in an answer, with its `ETag`. */
export function vaultAnswer(status: number, vault: VaultRecord, asked: { readonly names: NameSet }) {
  return { answer: { status, body: vaultResource(vault, asked), headers: { etag: vaultEtag(vault) } } };
}

export function vaultServices(
  { store, nowMs, newId, caller, access }: ControlCall,
  { profile }: ControlServices,
): VaultServices {
  const isUser = typeof caller.claims['upn'] === 'string';
  const id = isUser ? String(caller.claims['upn']) : (caller.applicationId ?? caller.objectId);
  return {
    store,
    profile,
    now: nowMs,
    newId,
    by: { id, type: isUser ? 'User' : 'Application' },
    linkedRefusal: access.linkedRefusal,
  };
}

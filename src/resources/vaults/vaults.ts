import type { RuleProfile } from '../../types/firewall.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { Stored } from '../../store/records.ts';
import type { Put, Requirement, Store, Transaction } from '../../store/store.ts';
import type { SystemData, VaultProperties, VaultRecord } from '../../types/vault.ts';
import { bindRules } from './bind-rules.ts';
import { isResourceGroupName, resourceGroupKey, vaultId, vaultIndexKey, vaultKey } from '../keys.ts';
import type { Place } from '../keys.ts';
import { disconnectEndpoints } from './private-endpoint-connections.ts';
import { scheduledPurge, scheduledPurgeKey } from './purge.ts';
import { refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import { mergeProperties, readVaultProperties } from './vault-properties.ts';
import type { RequestedProperties } from './vault-properties.ts';

/** The action that the caller needs on a vault to change its permission model. */
const assignAction = 'Microsoft.Authorization/roleAssignments/write';

const dayMs = 86_400_000;

/** A vault after a change, and the change. */
export type VaultChange = ResourceOutcome<{
  readonly vault: VaultRecord;
  readonly created: boolean;
  readonly change: Transaction;
}>;

/** The services that the rules of vaults need. */
export interface VaultServices {
  readonly store: Store;
  readonly profile: RuleProfile;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  readonly by: { readonly id: string; readonly type: 'Application' | 'User' };
  /** The caller's missing permissions on other resources, for changes that need them. */
  readonly linkedRefusal: LinkedRefusal;
}

export interface PutVault extends Place {
  readonly name: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: unknown;
  /** Azure turned this default on with api-version 2026-02-01 (access-control-default.md). */
  readonly rbacByDefault: boolean;
}

/** Vault names: 3 to 24 letters, digits and hyphens, a letter first, a letter or digit last, never two hyphens in a row. */
export function isVaultName(name: string): boolean {
  return /^[a-z](?:-?[a-z0-9])+$/i.test(name) && name.length >= 3 && name.length <= 24;
}

/** PUT of a whole vault: creates it, replaces its properties or, with `createMode: recover`, recovers a soft-deleted one. */
export async function putVault(request: PutVault, services: VaultServices): Promise<VaultChange> {
  const { store, profile } = services;
  if (!isVaultName(request.name)) return refuseResource({ kind: 'vaultNameNotValid', name: request.name });
  const read = readVaultProperties(request.properties, profile);
  if (!read.ok) return read;
  const hasGroup = isResourceGroupName(request.resourceGroup);
  const [record, group] = hasGroup
    ? await readRecords(store, { get: [vaultKey(request.name), resourceGroupKey(request)] })
    : [undefined, undefined];
  if (group === undefined) return refuseResource({ kind: 'resourceGroupNotFound', name: request.resourceGroup });
  const existing = record?.value;
  if (existing !== undefined && !isAt(existing, request)) {
    return refuseResource({ kind: 'vaultAlreadyExists', name: request.name });
  }
  if (read.value.createMode === 'recover') return recoverVault(record, { request, group }, services);
  if (existing?.deleted !== undefined) return refuseResource({ kind: 'vaultIsSoftDeleted', name: request.name });
  if (existing !== undefined && existing.location.toLowerCase() !== request.location.toLowerCase()) {
    const { name, location } = existing;
    return refuseResource({ kind: 'locationMismatch', name, location, asked: request.location });
  }
  const requested = withRbacDefault(read.value, existing?.properties, request.rbacByDefault);
  const base = keptByPut(existing?.properties);
  const state = { before: existing, base, subscriptionId: request.subscriptionId };
  const properties = await nextProperties(requested, state, services);
  if (!properties.ok) return properties;
  const { name, subscriptionId, resourceGroup, location } = existing ?? request;
  const vault: VaultRecord = {
    name,
    incarnation: existing?.incarnation ?? services.newId(),
    subscriptionId,
    resourceGroup,
    location,
    tags: request.tags,
    properties: properties.value.properties,
    systemData: systemData(existing?.systemData, services),
    ...(existing?.privateEndpointConnections !== undefined && {
      privateEndpointConnections: existing.privateEndpointConnections,
    }),
  };
  const put: Put[] = [vaultPut(vault)];
  if (existing === undefined) put.push(recordPut(vaultIndexKey('vault-in', vault, vault.name), null));
  const require = [
    { key: vaultKey(vault.name), version: record?.version ?? null },
    { key: group.key, version: group.version },
    ...properties.value.require,
  ];
  return { ok: true, value: { vault, created: existing === undefined, change: { require, put } } };
}

/** PATCH: the given properties replace the previous ones. */
export async function patchVault(
  request: { readonly record: Stored<VaultRecord>; readonly tags?: VaultRecord['tags']; readonly properties: unknown },
  services: VaultServices,
): Promise<VaultChange> {
  const existing = request.record.value;
  const read = readVaultProperties(request.properties ?? {}, services.profile);
  if (!read.ok) return read;
  const { properties: base, subscriptionId } = existing;
  const properties = await nextProperties(read.value, { before: existing, base, subscriptionId }, services);
  if (!properties.ok) return properties;
  const vault = {
    ...existing,
    tags: request.tags ?? existing.tags,
    properties: properties.value.properties,
    systemData: systemData(existing.systemData, services),
  };
  const require = [{ key: request.record.key, version: request.record.version }, ...properties.value.require];
  return { ok: true, value: { vault, created: false, change: { require, put: [vaultPut(vault)] } } };
}

/**
 * DELETE: the vault keeps its name and contents until it is recovered or purged, at the latest at the end of its retention.
 * Its private endpoint connections end, as its role assignments do, so that nothing from before gives access to a recovered
 * vault.
 */
export async function deleteVault(record: Stored<VaultRecord>, services: VaultServices): Promise<VaultChange> {
  const whole = record.value;
  const { privateEndpointConnections: _, ...existing } = whole;
  const ended = await disconnectEndpoints(whole, services);
  const retentionMs = existing.properties.softDeleteRetentionInDays * dayMs;
  const deleted = {
    deletionDate: isoSeconds(services.now),
    scheduledPurgeDate: isoSeconds(services.now + retentionMs),
  };
  const vault: VaultRecord = { ...existing, deleted };
  const change = {
    require: [{ key: record.key, version: record.version }],
    put: [
      vaultPut(vault),
      recordPut(vaultIndexKey('deleted-vault-in', vault, vault.name), null),
      scheduledPurge(vault, deleted),
    ],
    delete: [vaultIndexKey('vault-in', vault, vault.name)],
  };
  return { ok: true, value: { vault, created: false, change: merge(change, ended) } };
}

/** Whether a vault is in that subscription and group. */
export function isAt(vault: Place, place: Place): boolean {
  return (
    vault.subscriptionId.toLowerCase() === place.subscriptionId.toLowerCase() &&
    vault.resourceGroup.toLowerCase() === place.resourceGroup.toLowerCase()
  );
}

/**
 * Recovers a vault with its stored rules and bindings; those in the request are ignored, as in Azure
 * (azure-rest-api-specs#19606). If no vault with that name and location is soft-deleted, none is created.
 */
function recoverVault(
  record: Stored<VaultRecord> | undefined,
  { request, group }: { readonly request: PutVault; readonly group: Requirement },
  services: VaultServices,
): VaultChange {
  const existing = record?.value;
  const sameLocation = existing?.location.toLowerCase() === request.location.toLowerCase();
  if (record === undefined || existing?.deleted === undefined || !sameLocation) {
    return refuseResource({ kind: 'softDeletedVaultNotFound', name: request.name, location: request.location });
  }
  const { deleted, ...live } = existing;
  const vault = { ...live, systemData: systemData(existing.systemData, services) };
  const change = {
    require: [
      { key: record.key, version: record.version },
      { key: group.key, version: group.version },
    ],
    put: [vaultPut(vault), recordPut(vaultIndexKey('vault-in', vault, vault.name), null)],
    delete: [vaultIndexKey('deleted-vault-in', vault, vault.name), scheduledPurgeKey(vault, deleted)],
  };
  return { ok: true, value: { vault, created: true, change } };
}

async function nextProperties(
  requested: RequestedProperties,
  state: {
    readonly before: VaultRecord | undefined;
    readonly base: Partial<VaultProperties>;
    readonly subscriptionId: string;
  },
  { store, linkedRefusal }: VaultServices,
): Promise<
  ResourceOutcome<{ readonly properties: VaultProperties; readonly require: NonNullable<Transaction['require']> }>
> {
  const { networkAcls, ...rest } = requested;
  const before = state.before?.properties;
  const merged = mergeProperties(rest, { before, base: state.base });
  if (!merged.ok) return merged;
  // Changing the permission model decides who has access to the vault, as assigning roles does (rbac-guide).
  const isOtherModel = before !== undefined && before.enableRbacAuthorization !== merged.value.enableRbacAuthorization;
  const refusal =
    isOtherModel && state.before !== undefined ? linkedRefusal(assignAction, vaultId(state.before)) : undefined;
  if (refusal !== undefined) return refuseResource(refusal);
  const acls = networkAcls ?? state.base.networkAcls;
  if (acls === undefined) return { ok: true, value: { properties: merged.value, require: [] } };
  if (acls.bypass === 'None' && merged.value.enabledForDiskEncryption === true) {
    const message = 'When enabledForDiskEncryption is true, networkAcls.bypass must include "AzureServices".';
    return refuseResource({ kind: 'invalidProperty', message });
  }
  const stored = before?.networkAcls?.virtualNetworkRules ?? [];
  const bound = await bindRules(acls, stored, { store, subscriptionId: state.subscriptionId, linkedRefusal });
  if (!bound.ok) return bound;
  const properties = { ...merged.value, networkAcls: bound.value.networkAcls };
  return { ok: true, value: { properties, require: bound.value.require } };
}

/**
 * The properties that a PUT without them keeps. Access policies are not kept (Azure: "redeploying a template without them
 * deletes them"), but the boundary is: a client that does not know `networkAcls` must not open a vault by setting a tag.
 */
function keptByPut(before: VaultProperties | undefined): Partial<VaultProperties> {
  if (before === undefined) return {};
  const { networkAcls, publicNetworkAccess, enableRbacAuthorization, enablePurgeProtection } = before;
  return {
    publicNetworkAccess,
    enableRbacAuthorization,
    ...(networkAcls !== undefined && { networkAcls }),
    ...(enablePurgeProtection !== undefined && { enablePurgeProtection }),
  };
}

function withRbacDefault(
  requested: RequestedProperties,
  before: VaultProperties | undefined,
  rbacByDefault: boolean,
): RequestedProperties {
  if (before !== undefined || !rbacByDefault || requested.enableRbacAuthorization !== undefined) return requested;
  return { ...requested, enableRbacAuthorization: true };
}

function vaultPut(vault: VaultRecord): Put {
  return recordPut(vaultKey(vault.name), vault);
}

function systemData(before: SystemData | undefined, { now, by }: VaultServices): SystemData {
  const at = new Date(now).toISOString();
  return {
    createdBy: before?.createdBy ?? by.id,
    createdByType: before?.createdByType ?? by.type,
    createdAt: before?.createdAt ?? at,
    lastModifiedBy: by.id,
    lastModifiedByType: by.type,
    lastModifiedAt: at,
  };
}

function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

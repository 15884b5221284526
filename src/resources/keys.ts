import { recordKind } from '../store/keys.ts';
import type { Key, Prefix, RecordKind } from '../store/keys.ts';
import type { DiagnosticSettingRecord } from '../types/diagnostic-setting.ts';
import type { FirewallSettings } from '../types/firewall.ts';
import type { LocksRecord } from '../types/lock.ts';
import type { VirtualNetworkRecord } from '../types/network.ts';
import type { ResourceGroupRecord, SubscriptionRecord } from '../types/resource-group.ts';
import type { ResourceRecord } from '../types/resource.ts';
import type { RoleAssignment, RoleDefinition } from '../types/role.ts';
import type { SubnetState, VaultProperties, VaultRecord } from '../types/vault.ts';

/** The parts of an ARM id at which roles can be assigned and locks created. */
export interface Scope {
  /** As in the request, without a slash at the end. */
  readonly id: string;
  readonly subscriptionId: string;
  readonly resourceGroup?: string;
  /** `Microsoft.KeyVault/vaults/secrets`, with a name for each part after the first. */
  readonly type?: string;
  readonly names?: readonly string[];
}

/** The segments of an id. They are not decoded: a request's path was decoded when it was routed. */
export function idSegments(id: string): readonly string[] {
  return id.split('/').filter((segment) => segment !== '');
}

/** Parses the ARM id of a subscription, a group or a resource; `undefined` for anything else. */
export function parseScope(path: string): Scope | undefined {
  const segments = idSegments(path);
  const id = segments.map((segment) => `/${segment}`).join('');
  const [subscriptions = '', subscriptionId = '', groups, resourceGroup, providers, namespace, ...rest] = segments;
  if (subscriptions.toLowerCase() !== 'subscriptions' || subscriptionId === '') return undefined;
  if (groups === undefined) return { id, subscriptionId };
  if (groups.toLowerCase() !== 'resourcegroups' || resourceGroup === undefined) return undefined;
  if (providers === undefined) return { id, subscriptionId, resourceGroup };
  if (providers.toLowerCase() !== 'providers' || namespace === undefined) return undefined;
  if (rest.length === 0 || rest.length % 2 === 1) return undefined;
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { id, subscriptionId, resourceGroup, type, names: rest.filter((_, index) => index % 2 === 1) };
}

/** Parses the path of a list of one type in a group, a resource or a subscription; `undefined` for anything else. */
export function parseList(path: string) {
  const segments = idSegments(path);
  const [subscriptions = '', subscriptionId = '', groups = '', resourceGroup] = segments;
  const inGroup = groups.toLowerCase() === 'resourcegroups';
  const [providers = '', namespace, ...rest] = segments.slice(inGroup ? 4 : 2);
  if (subscriptions.toLowerCase() !== 'subscriptions' || providers.toLowerCase() !== 'providers') return undefined;
  if (namespace === undefined || rest.length % 2 === 0 || (!inGroup && rest.length > 1)) return undefined;
  const names = rest.filter((_, index) => index % 2 === 1);
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { subscriptionId, resourceGroup: inGroup ? resourceGroup : undefined, type, names };
}

/** The subscription and resource group of a resource. */
export interface Place {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

const owner = 'resources';

const vaults = recordKind<VaultRecord>({
  pattern: 'vault-resource/',
  owner,
  holds: 'a vault with its rules and access policies, by its name; also a soft-deleted one',
});
/** The key of a vault's record. A vault's name is globally unique, so it is enough. */
export const vaultKey = (name: string) => vaults.key(name.toLowerCase());
/** The prefix of all vaults. */
export const vaultPrefix = vaults.prefix();

const subnets = recordKind<SubnetState>({
  pattern: 'subnet/',
  owner,
  holds: 'what the vaults need of a subnet, by its incarnation',
});
/** The key of a subnet's state, by incarnation. */
export const subnetKey = (incarnation: string) => subnets.key(incarnation);
/** The prefix of all subnets. */
export const subnetPrefix = subnets.prefix();

const subscriptions = recordKind<SubscriptionRecord>({ pattern: 'subscription/', owner, holds: 'a subscription' });
export const subscriptionKey = (subscriptionId: string) => subscriptions.key(subscriptionId.toLowerCase());

const authorizations = recordKind<null>({
  pattern: 'authorization/',
  owner,
  holds: "nothing; its version is the stamp of a subscription's role assignments and roles",
});
/**
 * The stamp of a subscription's role assignments and role definitions. Every change of one rewrites it, so that a decision
 * that relies on all of them has a single version to require.
 */
export const authorizationKey = (subscriptionId: string) => authorizations.key(subscriptionId.toLowerCase());

interface RoleRecords {
  readonly 'role-assignment': RoleAssignment;
  readonly 'role-definition': RoleDefinition;
}
const roles: { readonly [K in keyof RoleRecords]: RecordKind<RoleRecords[K]> } = {
  'role-assignment': recordKind({ pattern: 'role-assignment/{subscription}/', owner, holds: 'a role assignment' }),
  'role-definition': recordKind({ pattern: 'role-definition/{subscription}/', owner, holds: 'a custom role' }),
};
/** The key of a role assignment or a custom role. */
export function roleKey<K extends keyof RoleRecords>(kind: K, subscriptionId: string, name: string) {
  return roles[kind].key(subscriptionId.toLowerCase(), name.toLowerCase());
}
/** The prefix of all in a subscription. */
export function rolePrefix<K extends keyof RoleRecords>(kind: K, subscriptionId: string) {
  return roles[kind].prefix(subscriptionId.toLowerCase());
}

const locks = recordKind<LocksRecord>({ pattern: 'locks/', owner, holds: 'all locks of a subscription' });
/** The key of the record with all locks of a subscription. */
export const locksKey = (subscriptionId: string) => locks.key(subscriptionId.toLowerCase());

const resourceGroups = recordKind<ResourceGroupRecord>({
  pattern: 'resource-group/{subscription}/',
  owner,
  holds: 'a resource group',
});
export function resourceGroupKey({ subscriptionId, resourceGroup }: Place): Key<ResourceGroupRecord> {
  return resourceGroups.key(subscriptionId.toLowerCase(), keyPart(resourceGroup));
}
/** The prefix of all resource groups in a subscription. */
export const resourceGroupPrefix = (subscriptionId: string) => resourceGroups.prefix(subscriptionId.toLowerCase());

interface RecordsInGroup {
  readonly 'virtual-network': VirtualNetworkRecord;
  readonly 'vault-in': null;
  readonly 'deleted-vault-in': null;
  readonly resource: ResourceRecord;
}
const inGroup: { readonly [K in keyof RecordsInGroup]: RecordKind<RecordsInGroup[K]> } = {
  'virtual-network': recordKind({
    pattern: 'virtual-network/{subscription}/{group}/',
    owner,
    holds: 'a virtual network with its subnets and peerings',
  }),
  'vault-in': recordKind({
    pattern: 'vault-in/{subscription}/{group}/',
    owner,
    holds: 'nothing; its existence means that the vault is in the group, so that a list reads only its own',
  }),
  'deleted-vault-in': recordKind({
    pattern: 'deleted-vault-in/{subscription}/{group}/',
    owner,
    holds: 'nothing; the same for a soft-deleted vault',
  }),
  resource: recordKind({
    pattern: 'resource/{subscription}/{group}/',
    owner,
    holds: 'a resource of a type without its own kind of record, by type and names',
  }),
};

/** The prefix of all of a kind in a subscription. */
export function inSubscription<K extends keyof RecordsInGroup>(kind: K, subscriptionId: string) {
  return inGroup[kind].prefix(subscriptionId.toLowerCase());
}

/** Whether a record is a virtual network or another resource of Microsoft.Network. */
export function isOfNetworks(key: string): boolean {
  if (key.startsWith(inGroup['virtual-network'].prefix())) return true;
  return key.startsWith(inGroup.resource.prefix()) && key.includes('/microsoft.network/');
}

/** The key of a virtual network; without a name, the prefix of all in the group. */
export function virtualNetworkKey(place: Place, name: string): Key<VirtualNetworkRecord>;
export function virtualNetworkKey(place: Place): Prefix<VirtualNetworkRecord>;
export function virtualNetworkKey({ subscriptionId, resourceGroup }: Place, name?: string) {
  const group = [subscriptionId.toLowerCase(), keyPart(resourceGroup)];
  const networks = inGroup['virtual-network'];
  return name === undefined ? networks.prefix(...group) : networks.key(...group, name.toLowerCase());
}

/**
 * The index of a group's vaults; soft-deleted ones are under `deleted-vault-in/`. Each has an empty record, so that a list
 * reads only its own. Without a name, the prefix of all in the group.
 */
export function vaultIndexKey(kind: 'vault-in' | 'deleted-vault-in', place: Place, name: string): Key<null>;
export function vaultIndexKey(kind: 'vault-in' | 'deleted-vault-in', place: Place): Prefix<null>;
export function vaultIndexKey(kind: 'vault-in' | 'deleted-vault-in', place: Place, name?: string) {
  const group = [place.subscriptionId.toLowerCase(), keyPart(place.resourceGroup)];
  return name === undefined ? inGroup[kind].prefix(...group) : inGroup[kind].key(...group, name.toLowerCase());
}

/**
 * The key of a resource without its own kind of record. Keys follow the order of ids, so a resource is followed by what is
 * below it; `names` has a name for each part of the type.
 */
export function resourceKey(place: Place, type: string, names: readonly string[]): Key<ResourceRecord> {
  return inGroup.resource.key(...stepsOf(place, type, names));
}

/** The prefix of a group's resources; with a type, of those of the type; with names, of those below. */
export function resourcePrefix(
  place: Place,
  type: string | undefined,
  names: readonly string[] = [],
): Prefix<ResourceRecord> {
  return inGroup.resource.prefix(...stepsOf(place, type, names), ...(type === undefined ? [] : ['']));
}

function stepsOf(place: Place, type: string | undefined, names: readonly string[]): readonly string[] {
  const [namespace, ...types] = type === undefined ? [] : type.split('/');
  const path = [namespace, ...types.flatMap((part, index) => [part, names[index]])];
  const steps = path.flatMap((step) => (step === undefined ? [] : [keyPart(step)]));
  return [place.subscriptionId.toLowerCase(), keyPart(place.resourceGroup), ...steps];
}

/**
 * Whether it is a valid name of a resource group: 1 to 90 letters and digits of any script, underscores, hyphens, brackets
 * and full stops, not ending with a full stop (Azure's naming rules). No other name is made into a key.
 */
export function isResourceGroupName(name: string): boolean {
  return name.length <= 90 && /^[-\w.()\p{L}\p{N}]*[-\w()\p{L}\p{N}]$/u.test(name);
}

/** The longest key (`Store`). */
export const keyLengthMax = 1024;

/** The resource (ARM id) that has something only one can have. */
interface HeldBy {
  readonly resource: string;
}

const publicAddresses = recordKind<HeldBy>({
  pattern: 'public-address/',
  owner,
  holds: 'the resource that has the public address',
});
/** Reserves a public address for its resource. */
export const publicAddressKey = (address: string) => publicAddresses.key(address);
/** The prefix of all public addresses in use. */
export const publicAddressPrefix = publicAddresses.prefix();

const storageAccountNames = recordKind<HeldBy>({
  pattern: 'storage-account-name/',
  owner,
  holds: 'the storage account that has the name',
});
/** Reserves the globally unique name of a storage account. */
export const storageAccountNameKey = (name: string) => storageAccountNames.key(name.toLowerCase());

/** The name of a resource group may have letters of any script, but a key is ASCII. */
function keyPart(name: string): string {
  return encodeURIComponent(name.toLowerCase());
}

/** The ARM id of a vault, in the spelling of its creation. */
export function vaultId(vault: Pick<VaultRecord, 'subscriptionId' | 'resourceGroup' | 'name'>): string {
  return `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}/providers/Microsoft.KeyVault/vaults/${vault.name}`;
}

export function virtualNetworkId(network: Place & { readonly name: string }): string {
  return `/subscriptions/${network.subscriptionId}/resourceGroups/${network.resourceGroup}/providers/Microsoft.Network/virtualNetworks/${network.name}`;
}

const diagnosticSettings = recordKind<DiagnosticSettingRecord>({
  pattern: 'diagnostic-setting/{id}/',
  owner,
  holds: 'a diagnostic setting of the vault with that ARM id',
});
/** The prefix of all diagnostic settings. */
export const diagnosticSettingsPrefix = diagnosticSettings.prefix();
/** The ARM id, in upper case, of the resource whose setting has this key. */
export function diagnosticSettingResource(key: string): string {
  return decodeURIComponent(key.slice(diagnosticSettingsPrefix.length).split('/')[0] ?? '');
}

/** The key of a diagnostic setting, by its vault's ARM id in any case; without a name, the prefix of all of the vault. */
export function diagnosticSettingKey(id: string, name: string): Key<DiagnosticSettingRecord>;
export function diagnosticSettingKey(id: string): Prefix<DiagnosticSettingRecord>;
export function diagnosticSettingKey(id: string, name?: string) {
  const vault = encodeURIComponent(id.toUpperCase());
  if (name === undefined) return diagnosticSettings.prefix(vault);
  return diagnosticSettings.key(vault, encodeURIComponent(name.toLowerCase()));
}

/** The properties of a vault that the firewall uses. */
export function firewallSettings(properties: VaultProperties): FirewallSettings {
  return { publicNetworkAccess: properties.publicNetworkAccess, networkAcls: properties.networkAcls };
}

/** The ARM id of a resource, with a name for each part of its type. */
export function resourceId(resource: Place & { readonly type: string; readonly names: readonly string[] }): string {
  const { subscriptionId, resourceGroup, names } = resource;
  const [namespace, ...types] = resource.type.split('/');
  const path = types.map((type, index) => `/${type}/${names[index] ?? ''}`).join('');
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${namespace}${path}`;
}

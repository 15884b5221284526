import type { FirewallSettings } from '../types/firewall.ts';
import { recordKind } from '../store/keys.ts';
import type { SubnetState, VaultProperties, VaultRecord } from '../types/vault.ts';

const vaults = recordKind<VaultRecord>({
  pattern: 'vault-resource/',
  owner: 'resources',
  holds: 'a vault, also a soft-deleted one',
});
/** The key of a vault's record: its name is unique in the whole world, so nothing else is needed. */
export const vaultKey = (name: string) => vaults.key(name.toLowerCase());

const subnets = recordKind<SubnetState>({
  pattern: 'subnet/',
  owner: 'resources',
  holds: 'what the vaults need to know of a subnet',
});
/** The key of a subnet's state, by incarnation. */
export const subnetKey = (incarnation: string) => subnets.key(incarnation);
/** Of all subnets. */
export const subnetPrefix = subnets.prefix();

/** Where a resource stands: its subscription and resource group. */
export interface Place {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
}

export function subscriptionKey(subscriptionId: string): string {
  return `subscription/${subscriptionId.toLowerCase()}`;
}

/**
 * The stamp of a subscription's role assignments and role definitions: every change of one puts it anew, so that who
 * decides on the word of all of them has one version to require.
 */
export function authorizationKey(subscriptionId: string): string {
  return `authorization/${subscriptionId.toLowerCase()}`;
}

/** The key of a role assignment or a custom role; without a name, the prefix of all of a subscription. */
export function roleKey(kind: 'role-assignment' | 'role-definition', subscriptionId: string, name = ''): string {
  return `${kind}/${subscriptionId.toLowerCase()}/${name.toLowerCase()}`;
}

/** The key of the one record that holds all locks of a subscription. */
export function locksKey(subscriptionId: string): string {
  return `locks/${subscriptionId.toLowerCase()}`;
}

export function resourceGroupKey({ subscriptionId, resourceGroup }: Place): string {
  return `resource-group/${subscriptionId.toLowerCase()}/${keyPart(resourceGroup)}`;
}

/** The key of a virtual network; without a name, the prefix of all in that group. */
export function virtualNetworkKey(place: Place, name = ''): string {
  return `virtual-network/${place.subscriptionId.toLowerCase()}/${keyPart(place.resourceGroup)}/${name.toLowerCase()}`;
}

/** The prefix of all of a kind in a subscription. */
export function inSubscription(
  kind: 'virtual-network' | 'vault-in' | 'deleted-vault-in' | 'resource',
  subscriptionId: string,
): string {
  return `${kind}/${subscriptionId.toLowerCase()}/`;
}

/**
 * The index of a group's vaults, soft-deleted ones under `deleted-vault/`: an empty record for each, so that a list
 * walks only its own.
 */
export function vaultIndexKey(kind: 'vault-in' | 'deleted-vault-in', place: Place, name = ''): string {
  return `${kind}/${place.subscriptionId.toLowerCase()}/${keyPart(place.resourceGroup)}/${name.toLowerCase()}`;
}

/**
 * Names of resource groups: 1 to 90 letters and digits of any script, underscores, hyphens, brackets and full stops, no
 * full stop last (Azure's naming rules). What is none has no key either.
 */
export function isResourceGroupName(name: string): boolean {
  return name.length <= 90 && /^[-\w.()\p{L}\p{N}]*[-\w()\p{L}\p{N}]$/u.test(name);
}

/** The key of a deployment in a resource group, or, without one, at the scope of the subscription; without a name, the prefix of all. */
export function deploymentKey(subscriptionId: string, resourceGroup: string | undefined, name = ''): string {
  const at = resourceGroup === undefined ? 'deployment-at-subscription' : 'deployment';
  const group = resourceGroup === undefined ? '' : `${keyPart(resourceGroup)}/`;
  return `${at}/${subscriptionId.toLowerCase()}/${group}${name.toLowerCase()}`;
}

/** What was done for a deployment, by the long-running operation that carries it out; without an id, the prefix of all. */
export function deploymentOperationKey(deploymentRun: string, operationId = ''): string {
  return `deployment-operation/${deploymentRun}/${operationId}`;
}

/** The key of a long-running operation. Its id begins with its time, so that the oldest come first. */
export function longRunningKey(subscriptionId: string, id = ''): string {
  return `long-running/${subscriptionId.toLowerCase()}/${id.toLowerCase()}`;
}

/**
 * The key of a resource that has no kind of record of its own, in the order of its id, so that what is below it follows
 * it; with fewer names than types, without a type, the prefix of all of that type, of that group.
 */
export function resourceKey(place: Place, type: string | undefined, names: readonly string[]): string {
  const [namespace, ...types] = type === undefined ? [] : type.split('/');
  const path = [namespace, ...types.flatMap((part, index) => [part, names[index]])];
  const steps = path.flatMap((step) => (step === undefined ? [] : [keyPart(step)]));
  const isWhole = types.length > 0 && names.length === types.length;
  return `${inSubscription('resource', place.subscriptionId)}${[keyPart(place.resourceGroup), ...steps].join('/')}${isWhole ? '' : '/'}`;
}

/** Keys are longer than this nowhere (`Store`). */
export const keyLengthMax = 1024;

/** Holds a public address for the resource that has it; without one, the prefix of all that are held. */
export function publicAddressKey(address = ''): string {
  return `public-address/${address}`;
}

/** Holds the name of a storage account, which is unique in the whole world, for the account that has it. */
export function storageAccountNameKey(name: string): string {
  return `storage-account-name/${name.toLowerCase()}`;
}

/** A resource group's name may have letters of any script; a key has ASCII only. */
function keyPart(name: string): string {
  return encodeURIComponent(name.toLowerCase());
}

/** ARM id of a vault, spelt as it was made. */
export function vaultId(vault: Pick<VaultRecord, 'subscriptionId' | 'resourceGroup' | 'name'>): string {
  return `/subscriptions/${vault.subscriptionId}/resourceGroups/${vault.resourceGroup}/providers/Microsoft.KeyVault/vaults/${vault.name}`;
}

export function virtualNetworkId(network: Place & { readonly name: string }): string {
  return `/subscriptions/${network.subscriptionId}/resourceGroups/${network.resourceGroup}/providers/Microsoft.Network/virtualNetworks/${network.name}`;
}

/** The key of a diagnostic setting, by the ARM id of its vault in any case; without a name, the prefix of all of that vault. */
export function diagnosticSettingKey(id: string, name = ''): string {
  return `diagnostic-setting/${encodeURIComponent(id.toUpperCase())}/${encodeURIComponent(name.toLowerCase())}`;
}

/** What of a vault the firewall looks at. */
export function firewallSettings(properties: VaultProperties): FirewallSettings {
  return { publicNetworkAccess: properties.publicNetworkAccess, networkAcls: properties.networkAcls };
}

/** ARM id of a resource: a name for each part of its type. */
export function resourceId(resource: Place & { readonly type: string; readonly names: readonly string[] }): string {
  const { subscriptionId, resourceGroup, names } = resource;
  const [namespace, ...types] = resource.type.split('/');
  const path = types.map((type, index) => `/${type}/${names[index] ?? ''}`).join('');
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${namespace}${path}`;
}

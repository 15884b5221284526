import type { AccessPolicy } from './access-policy.ts';
import type { NetworkAcls } from './firewall.ts';
import type { PrivateEndpointConnection } from './private-endpoint.ts';

/**
 * A vault as it is stored, under `vaultKey(name)`. A vault's name is unique in the whole world, also while it is
 * soft-deleted, so the name is the key of the one record that holds the vault, its rules and its policies.
 */
export interface VaultRecord {
  readonly name: string;
  /** GUID of this life of the name; the vault's contents are under `vault/<incarnation>/`. */
  readonly incarnation: string;
  readonly subscriptionId: string;
  /** Spelt as when the vault was created. */
  readonly resourceGroup: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: VaultProperties;
  readonly systemData: SystemData;
  /** Absent where there are none, as in a soft-deleted vault. */
  readonly privateEndpointConnections?: readonly PrivateEndpointConnection[];
  /** Present while the vault is soft-deleted. */
  readonly deleted?: { readonly deletionDate: string; readonly scheduledPurgeDate: string };
}

/** A switch of the vault that allows a service of Azure what an access policy or a role would. */
export type VaultSwitch = 'enabledForDeployment' | 'enabledForDiskEncryption' | 'enabledForTemplateDeployment';

export interface VaultProperties extends Readonly<Partial<Record<VaultSwitch, boolean>>> {
  readonly tenantId: string;
  readonly sku: { readonly family: 'A'; readonly name: 'standard' | 'premium' };
  readonly accessPolicies: readonly AccessPolicy[];
  readonly softDeleteRetentionInDays: number;
  readonly enableRbacAuthorization: boolean;
  readonly enablePurgeProtection?: true;
  readonly publicNetworkAccess: string;
  readonly networkAcls?: NetworkAcls;
}

export interface SystemData {
  readonly createdBy: string;
  readonly createdByType: 'Application' | 'User';
  readonly createdAt: string;
  readonly lastModifiedBy: string;
  readonly lastModifiedByType: 'Application' | 'User';
  readonly lastModifiedAt: string;
}

/**
 * One subnet's state, under `subnetKey(incarnation)`: deleted with the subnet, so a new subnet of the name has another.
 */
export interface SubnetState {
  readonly incarnation: string;
  /** Lower-case ARM id. */
  readonly id: string;
  /** `resourceGuid` of the virtual network. */
  readonly vnet: string;
  /** Absent in records of an earlier version, until the prefix changes. */
  readonly addressPrefix?: string;
  /** Whether `serviceEndpoints` has `Microsoft.KeyVault`. */
  readonly serviceEndpoint: boolean;
  /** The subnet's addresses on the internet: those of its NAT gateway, if it has one. */
  readonly publicAddresses?: readonly string[];
}

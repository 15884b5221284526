/** `properties.networkAcls` of a vault, validated, in the form in which it is stored. */
export interface NetworkAcls {
  readonly bypass: 'AzureServices' | 'None';
  readonly defaultAction: 'Allow' | 'Deny';
  readonly ipRules: readonly IpRule[];
  readonly virtualNetworkRules: readonly VirtualNetworkRule[];
}

export interface IpRule {
  readonly value: string;
}

export interface VirtualNetworkRule {
  /** The id as the profile returns it. */
  readonly id: string;
  readonly ignoreMissingVnetServiceEndpoint?: boolean;
  /** The subnet's incarnation when the rule was added; it stays, even when that subnet is deleted. */
  readonly incarnation: string;
}

/** The settings of a vault that the firewall reads. */
export interface FirewallSettings {
  readonly publicNetworkAccess: string;
  /** Absent: the vault never had any, which means `defaultAction: Allow, bypass: AzureServices`. */
  readonly networkAcls: NetworkAcls | undefined;
}

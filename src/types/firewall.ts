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

export type RuleProfileName = 'documented' | 'current';

/** The limits of a vault's rules, and how they are returned. A server has one profile. */
export interface RuleProfile {
  readonly name: RuleProfileName;
  readonly ipRulesMax: number;
  readonly virtualNetworkRulesMax: number;
  /** Ranges written with /31 or /32. */
  readonly smallRanges: 'refused' | 'accepted';
  /** How a single address without a prefix is returned. */
  readonly addresses: 'asGiven' | 'withPrefix';
  /** Azure returns the whole subnet id in lower case (azure-cli#10286). */
  readonly subnetIds: 'asGiven' | 'lowerCase';
}

/** How far trust reaches: to the operations of the service's supported scenario, or to whatever the service asks for. */
export type TrustScope = 'scenario' | 'service';

/** The settings of a vault that the firewall reads. */
export interface FirewallSettings {
  readonly publicNetworkAccess: string;
  /** Absent: the vault never had any, which means `defaultAction: Allow, bypass: AzureServices`. */
  readonly networkAcls: NetworkAcls | undefined;
}

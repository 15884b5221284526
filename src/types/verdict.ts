import type { VaultSwitch } from './vault.ts';

/**
 * The firewall's answer to one request: allowed or not, and why. The 403, the audit record, `explain` and the portal
 * print the same.
 */
export type Verdict = Allowed | Denied;

export type Allowed =
  | {
      readonly allowed: true;
      readonly because: 'trustedService';
      readonly service: string;
      /** The reason for the trust, in the document's words. */
      readonly scenario: string;
      /** Whether the operation belongs to that scenario. */
      readonly inScenario: boolean;
    }
  | { readonly allowed: true; readonly because: 'defaultAction' }
  /** `index` counts in the vault's `networkAcls.ipRules`. */
  | { readonly allowed: true; readonly because: 'ipRule'; readonly index: number }
  /** `index` counts in the vault's `networkAcls.virtualNetworkRules`. */
  | { readonly allowed: true; readonly because: 'virtualNetworkRule'; readonly index: number };

export interface Denied {
  readonly allowed: false;
  readonly because: DenyReason;
}

export type DenyReason =
  /** The ingress could not tell where the request comes from. */
  | 'sourceUnknown'
  /** The vault's stored rules could not be compiled. */
  | 'rulesUnreadable'
  /** `publicNetworkAccess` is not `Enabled`, which overrides every rule. */
  | 'publicNetworkAccessDisabled'
  /** `defaultAction: Deny`, and no IP rule contains the public IPv4 address. */
  | 'noIpRule'
  /** `defaultAction: Deny`, and the caller came over IPv6, which no rule can match. */
  | 'ipv6'
  /** `defaultAction: Deny`, and no virtual network rule is bound to the subnet's incarnation. */
  | 'noVirtualNetworkRule'
  /** The subnet was only declared, and the server does not accept that for subnet rules. */
  | 'subnetOnlyDeclared';

/**
 * An access decision: which policy or role assignment gave the permission, or why none did. `index` counts in the
 * vault's `accessPolicies`; `assignment` and `role` are GUIDs.
 */
export type AccessVerdict =
  | { readonly allowed: true; readonly because: 'accessPolicy'; readonly index: number }
  | {
      readonly allowed: true;
      readonly because: 'roleAssignment';
      readonly assignment: string;
      readonly role: string;
    }
  /** The vault's switch for a service of Azure decides about its calls, and nothing else does. */
  | { readonly allowed: boolean; readonly because: 'vaultSwitch'; readonly name: VaultSwitch }
  | { readonly allowed: false; readonly because: AccessDenyReason };

export type AccessDenyReason =
  | 'noAccessPolicy'
  /** No role assignment names the caller, or one of its groups, at the scope or above. */
  | 'noRoleAssignment'
  /** There are role assignments, but none of their roles allows the action. */
  | 'roleLacksAction';

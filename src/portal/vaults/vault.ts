import type { FirewallSettings } from '../../types/firewall.ts';
import { counted } from '../ui/words.ts';

export const vaultApiVersion = 'api-version=2024-11-01';

/** `networkAcls` as the resource manager answers it: without the incarnations that the server binds its rules to. */
export interface VaultNetworkAcls {
  readonly bypass: 'AzureServices' | 'None';
  readonly defaultAction: 'Allow' | 'Deny';
  readonly ipRules: readonly { readonly value: string }[];
  readonly virtualNetworkRules: readonly { readonly id: string; readonly ignoreMissingVnetServiceEndpoint?: boolean }[];
}

/** A vault, as the resource manager answers it. */
export interface Vault {
  readonly id: string;
  readonly name: string;
  readonly location: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties: {
    readonly tenantId: string;
    readonly vaultUri: string;
    readonly publicNetworkAccess?: string;
    readonly networkAcls?: VaultNetworkAcls;
    readonly enableRbacAuthorization?: boolean;
    readonly enableSoftDelete?: boolean;
    readonly enablePurgeProtection?: boolean;
    readonly softDeleteRetentionInDays?: number;
    readonly accessPolicies?: readonly AccessPolicy[];
  };
}

export interface AccessPolicy {
  readonly tenantId: string;
  readonly objectId: string;
  readonly applicationId?: string;
  readonly permissions: Readonly<Partial<Record<'keys' | 'secrets' | 'certificates' | 'storage', readonly string[]>>>;
}

/** From where a vault may be reached: from everywhere, from what its rules name, from nowhere. */
export type Boundary = 'open' | 'rules' | 'closed';

/** The part of a vault that says from where it may be reached. */
export interface Bounded {
  readonly properties: Pick<Vault['properties'], 'publicNetworkAccess' | 'networkAcls'>;
}

export function boundaryOf({ properties }: Bounded): Boundary {
  const { publicNetworkAccess, networkAcls } = properties;
  if ((publicNetworkAccess ?? 'Enabled').toLowerCase() !== 'enabled') return 'closed';
  return networkAcls?.defaultAction === 'Deny' ? 'rules' : 'open';
}

/** The boundary in words: `1 subnet · 3 IP rules · trusted services`. */
export function boundaryInWords(vault: Bounded): string {
  const { networkAcls } = vault.properties;
  const boundary = boundaryOf(vault);
  if (boundary === 'open') return 'open to all networks';
  const trusted = (networkAcls?.bypass ?? 'AzureServices') === 'AzureServices' ? ['trusted services'] : [];
  if (boundary === 'closed') return ['no public access', ...trusted].join(' · ');
  const { virtualNetworkRules = [], ipRules = [] } = networkAcls ?? {};
  const named = [
    ...(virtualNetworkRules.length === 0 ? [] : [counted(virtualNetworkRules.length, 'subnet')]),
    ...(ipRules.length === 0 ? [] : [counted(ipRules.length, 'IP rule')]),
    ...trusted,
  ];
  return named.length === 0 ? 'nobody: no rule, no trusted service' : named.join(' · ');
}

/**
 * The settings as `src/firewall` and `src/insight` read them. The page does not know the incarnations, so a rule is bound to
 * the lower-case id of its subnet, which is as good for comparing two drafts.
 */
export function settingsOf({ properties }: Pick<Vault, 'properties'>): FirewallSettings {
  const { publicNetworkAccess = 'Enabled', networkAcls } = properties;
  return {
    publicNetworkAccess,
    networkAcls: networkAcls && {
      ...networkAcls,
      virtualNetworkRules: networkAcls.virtualNetworkRules.map((rule) => ({
        ...rule,
        incarnation: rule.id.toLowerCase(),
      })),
    },
  };
}

/** The resource group in an ARM id. */
export function groupOf(id: string): string {
  return id.split('/')[4] ?? '';
}

/** The path of the vault at the resource manager, without a query. */
export function vaultPath(subscriptionId: string, group: string, name: string): string {
  const [encodedGroup, encodedName] = [group, name].map(encodeURIComponent);
  return `/subscriptions/${subscriptionId}/resourceGroups/${encodedGroup}/providers/Microsoft.KeyVault/vaults/${encodedName}`;
}

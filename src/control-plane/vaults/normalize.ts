import type { NetworkAcls, VirtualNetworkRule } from '../../types/firewall.ts';

type ShownAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly Omit<VirtualNetworkRule, 'incarnation'>[];
};

interface Shown {
  readonly networkAcls?: ShownAcls;
  readonly vaultUri: string;
}

/**
 * The properties of a vault as Azure changes them on the way back (recorded answers): ids of subnets in lower case, and an
 * address without a prefix with /32.
 */
export function normalizeVault<T extends Shown>(properties: T): T {
  const { networkAcls } = properties;
  if (networkAcls === undefined) return properties;
  const ipRules = networkAcls.ipRules.map((rule) => ({
    ...rule,
    value: rule.value.includes('/') ? rule.value : `${rule.value}/32`,
  }));
  const virtualNetworkRules = networkAcls.virtualNetworkRules.map((rule) => ({ ...rule, id: rule.id.toLowerCase() }));
  return { ...properties, networkAcls: { ...networkAcls, ipRules, virtualNetworkRules } };
}

/**
 * The same in the answer of the PUT that makes the vault: an ACL that allows everything is not there, the vault's name is
 * only being registered, and its URL has no slash at its end.
 */
export function normalizeNewVault<T extends Shown & { readonly provisioningState: string }>(properties: T) {
  const { networkAcls, ...others } = properties;
  const isOpen =
    networkAcls?.bypass === 'AzureServices' &&
    networkAcls.defaultAction === 'Allow' &&
    networkAcls.ipRules.length === 0 &&
    networkAcls.virtualNetworkRules.length === 0;
  return {
    ...others,
    ...(networkAcls !== undefined && !isOpen && { networkAcls }),
    vaultUri: properties.vaultUri.replace(/\/$/, ''),
    provisioningState: 'RegisteringDns',
  };
}

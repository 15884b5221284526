import type { NetworkAcls, VirtualNetworkRule } from '../../types/firewall.ts';

type ShownAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly Omit<VirtualNetworkRule, 'incarnation'>[];
};

interface Shown {
  readonly networkAcls?: ShownAcls;
  readonly vaultUri: string;
}

/**
 * The properties of a vault as Azure gives them in the answer of the PUT that makes it (recorded answers): an ACL that
 * allows everything is not there, the vault's name is only being registered, and its URL has no slash at its end. What
 * Azure makes of addresses and ids is the rule profile's.
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

import type { RequestedNetworkAcls, RequestedVirtualNetworkRule } from '../../firewall/validate.ts';
import type { Requirement, Store } from '../../store/store.ts';
import type { NetworkAcls, VirtualNetworkRule } from '../../types/firewall.ts';
import { refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import { hasKeyVaultEndpoint, readSubnetById } from '../networks/virtual-networks.ts';

interface Bound {
  readonly networkAcls: NetworkAcls;
  /** The versions of the networks that were read: if a subnet is deleted meanwhile, the change fails and is tried again. */
  readonly require: readonly Requirement[];
}

/** The action that the caller needs on a subnet to add a rule for it. */
const joinAction = 'Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action';

/** The subscription is that of the vault. */
interface BindingServices {
  readonly store: Store;
  readonly subscriptionId: string;
  readonly linkedRefusal: LinkedRefusal;
}

/**
 * Binds virtual network rules to the subnets that now exist with their ids. A stored rule with the same id keeps its binding,
 * even to a deleted subnet: clients PUT whole vaults to change a tag, and a subnet that was created again with an old name
 * must not gain access that way. To bind it to the new subnet, the rule is removed and added again.
 *
 * To add a rule, the caller must be allowed to join the subnet. The subnet must exist and have the `Microsoft.KeyVault`
 * service endpoint; `ignoreMissingVnetServiceEndpoint` excuses a missing endpoint, never a missing subnet.
 */
export async function bindRules(
  requested: RequestedNetworkAcls,
  stored: readonly VirtualNetworkRule[],
  services: BindingServices,
): Promise<ResourceOutcome<Bound>> {
  const bindings = new Map(stored.map(({ id, incarnation }) => [id.toLowerCase(), incarnation]));
  const require = new Map<string, Requirement>();
  const rules: VirtualNetworkRule[] = [];
  for (const rule of requested.virtualNetworkRules) {
    const known = bindings.get(rule.id.toLowerCase());
    if (known === undefined) {
      const bound = await bindRule(rule, services);
      if (!bound.ok) return bound;
      bindings.set(rule.id.toLowerCase(), bound.value.incarnation);
      require.set(bound.value.network.key, bound.value.network);
      rules.push({ ...rule, incarnation: bound.value.incarnation });
    } else {
      rules.push({ ...rule, incarnation: known });
    }
  }
  const networkAcls = { ...requested, virtualNetworkRules: rules };
  return { ok: true, value: { networkAcls, require: [...require.values()] } };
}

async function bindRule(
  rule: RequestedVirtualNetworkRule,
  { store, subscriptionId, linkedRefusal }: BindingServices,
): Promise<ResourceOutcome<{ readonly incarnation: string; readonly network: Requirement }>> {
  const living = await readSubnetById(rule.id, store);
  const [virtualNetwork, subnet] = splitAtSubnet(rule.id);
  const refusal = linkedRefusal(joinAction, rule.id);
  const isOwn = rule.id.toLowerCase().startsWith(`/subscriptions/${subscriptionId.toLowerCase()}/`);
  // Checked first, so that the answer reveals nothing about the subnet. In an unknown subscription there is nothing to reveal.
  if (refusal !== undefined && (isOwn || living !== undefined)) return refuseResource(refusal);
  if (living === undefined) return refuseResource({ kind: 'subnetNotFound', id: rule.id, virtualNetwork, subnet });
  if (!hasKeyVaultEndpoint(living.subnet) && rule.ignoreMissingVnetServiceEndpoint !== true) {
    return refuseResource({ kind: 'subnetWithoutServiceEndpoint', virtualNetwork, subnet });
  }
  return { ok: true, value: { incarnation: living.subnet.incarnation, network: living.network } };
}

/** The ids of the virtual network and the subnet's name, in lower case, as in Azure's messages. */
function splitAtSubnet(id: string): readonly [string, string] {
  const lower = id.toLowerCase();
  const at = lower.lastIndexOf('/subnets/');
  return [lower.slice(0, at), lower.slice(at + '/subnets/'.length)];
}

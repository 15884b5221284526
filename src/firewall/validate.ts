import type { NetworkAcls } from '../types/firewall.ts';
import { accept, breached } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, choice, object, optional, refine } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import { ipRule } from './ip-rule.ts';
import type { RuleProfile } from './profiles.ts';
import { refusalOf } from './refusal.ts';
import type { RuleBreach, RuleRefusal } from './refusal.ts';
import { virtualNetworkRule } from './virtual-network-rule.ts';
import type { RequestedVirtualNetworkRule } from './virtual-network-rule.ts';

/** A valid `networkAcls` whose virtual network rules are still to be bound to their subnets' incarnations. */
export type RequestedNetworkAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly RequestedVirtualNetworkRule[];
};

export type ValidatedNetworkAcls =
  | { readonly ok: true; readonly networkAcls: RequestedNetworkAcls }
  | { readonly ok: false; readonly refusal: RuleRefusal };

/**
 * What is not given. `bypass` as Azure's management API documents it. Of `defaultAction` it says nothing; a vault
 * without `networkAcls` is open to all networks, and so is one whose `networkAcls` does not say otherwise.
 */
const defaults: RequestedNetworkAcls = {
  bypass: 'AzureServices',
  defaultAction: 'Allow',
  ipRules: [],
  virtualNetworkRules: [],
};

/**
 * Checks the untrusted `properties.networkAcls` of a vault and returns it as it is stored and given back. The refusal
 * is the first in document order.
 */
export function validateNetworkAcls(value: unknown, profile: RuleProfile): ValidatedNetworkAcls {
  const read = networkAclsOf(profile)(value);
  return read.ok
    ? { ok: true, networkAcls: read.value }
    : { ok: false, refusal: refusalOf(read.fault, 'properties.networkAcls') };
}

/** `networkAcls`. Duplicates are kept, as Azure keeps them, and count once against the limits. */
export function networkAclsOf(profile: RuleProfile): Shape<RequestedNetworkAcls, RuleBreach> {
  const { name, ipRulesMax, virtualNetworkRulesMax } = profile;
  const shape = object({
    bypass: optional(choice(['AzureServices', 'None'])),
    defaultAction: optional(choice(['Allow', 'Deny'])),
    ipRules: optional(
      limited(ipRule(profile), {
        most: ipRulesMax,
        same: ({ value }) => value.replace(/\/32$/, ''),
        breach: { kind: 'tooManyIpRules', limit: ipRulesMax, profile: name },
      }),
    ),
    virtualNetworkRules: optional(
      limited(virtualNetworkRule(profile), {
        most: virtualNetworkRulesMax,
        same: ({ id }) => id.toLowerCase(),
        breach: { kind: 'tooManyVirtualNetworkRules', limit: virtualNetworkRulesMax, profile: name },
      }),
    ),
  });
  return refine(shape, (given) => accept({ ...defaults, ...given }));
}

interface Limit<T> {
  readonly most: number;
  /** What is equal of two rules that count once. */
  readonly same: (rule: T) => string;
  readonly breach: RuleBreach;
}

/** A list with a limit, which the first rule beyond it breaks. */
function limited<T>(rule: Shape<T, RuleBreach>, { most, same, breach }: Limit<T>): Shape<readonly T[], RuleBreach> {
  return (value) => {
    const distinct = new Set<string>();
    const counted = (one: T): Read<T, RuleBreach> =>
      distinct.add(same(one)).size > most ? breached(one, breach) : accept(one);
    return array(refine(rule, counted))(value);
  };
}

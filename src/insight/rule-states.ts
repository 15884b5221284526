import { readStored } from '../firewall/stored.ts';
import type { StoredSettings } from '../firewall/stored.ts';
import type { RuleLife, RuleState, RuleStatesAnswer } from '../types/activity.ts';
import type { FirewallSettings } from '../types/firewall.ts';
import { heldRules } from './findings.ts';

/** The facts about a vault's rules that the rules themselves do not have. */
export interface RuleFacts {
  /** The subnet with that incarnation, if it exists. */
  readonly subnet: (incarnation: string) => { readonly serviceEndpoint: boolean } | undefined;
  /** Whether a subnet with that id exists, whichever incarnation it has. */
  readonly exists: (id: string) => boolean;
  /** The use of a rule lately, by its value and the incarnation that it is bound to. */
  readonly use: (
    value: string,
    incarnation?: string,
  ) => { readonly lastUse: string; readonly count: number } | undefined;
}

/** The state of each rule: IP rules first, then virtual network rules. */
export function ruleStates(settings: FirewallSettings, facts: RuleFacts): Omit<RuleStatesAnswer, 'since'> {
  const stored = readStored(settings);
  if (stored === undefined) return { inForce: 'unreadable', value: [] };
  return {
    inForce: inForce(stored),
    value: [...ipRuleStates(settings, stored, facts), ...networkRuleStates(settings, facts)],
  };
}

function inForce({ publicNetworkAccess, defaultAction }: StoredSettings): RuleStatesAnswer['inForce'] {
  if (!publicNetworkAccess) return 'closed';
  return defaultAction === 'Allow' ? 'open' : 'rules';
}

function ipRuleStates(
  { networkAcls }: FirewallSettings,
  { ranges }: StoredSettings,
  { use }: RuleFacts,
): readonly RuleState[] {
  const holders = new Map(heldRules(ranges).map(({ inner, outer }) => [inner.index, outer.index]));
  return (networkAcls?.ipRules ?? []).map(({ value }, index) => {
    const holder = holders.get(index);
    const used = use(value);
    return {
      rule: `ipRules[${index}]`,
      value,
      ...(holder === undefined
        ? { state: used === undefined ? 'unused' : 'live' }
        : { state: 'shadowed', shadowedBy: `ipRules[${holder}]` }),
      ...useOf(used),
    };
  });
}

function networkRuleStates({ networkAcls }: FirewallSettings, facts: RuleFacts): readonly RuleState[] {
  const first = new Map<string, number>();
  return (networkAcls?.virtualNetworkRules ?? []).map(({ id, incarnation }, index) => {
    const before = first.get(incarnation);
    if (before === undefined) first.set(incarnation, index);
    const used = facts.use(id, incarnation);
    const life = bindingOf(id, incarnation, facts);
    const isShadowed = life === undefined && before !== undefined;
    return {
      rule: `virtualNetworkRules[${index}]`,
      value: id,
      ...(isShadowed
        ? { state: 'shadowed', shadowedBy: `virtualNetworkRules[${before}]` }
        : { state: life ?? (used === undefined ? 'unused' : 'live') }),
      ...useOf(used),
    };
  });
}

/** The reason why a virtual network rule lets nothing in; `undefined` if its subnet is there. */
function bindingOf(id: string, incarnation: string, { subnet, exists }: RuleFacts): RuleLife | undefined {
  const bound = subnet(incarnation);
  if (bound === undefined) return exists(id) ? 'earlierSubnet' : 'subnetGone';
  return bound.serviceEndpoint ? undefined : 'endpointOff';
}

function useOf(used: ReturnType<RuleFacts['use']>): Pick<RuleState, 'lastUse' | 'count'> {
  return used === undefined ? { count: 0 } : { lastUse: used.lastUse, count: used.count };
}

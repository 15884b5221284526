import type { FirewallSettings } from '../types/firewall.ts';
import type { Verdict } from '../types/verdict.ts';

/** The text of the rule that a verdict names, as the vault gives it back; `undefined` when no rule decided. */
export function matchedRule(verdict: Verdict, { networkAcls }: FirewallSettings): string | undefined {
  if (verdict.because === 'ipRule') return networkAcls?.ipRules[verdict.index]?.value;
  if (verdict.because === 'virtualNetworkRule') return networkAcls?.virtualNetworkRules[verdict.index]?.id;
  return undefined;
}

import type { FirewallSettings } from '../types/firewall.ts';
import type { Verdict } from '../types/verdict.ts';

/** The rule that decided, as the vault returns it; `undefined` when no rule decided. */
export function matchedRule(verdict: Verdict, { networkAcls }: FirewallSettings): string | undefined {
  if (verdict.because === 'ipRule') return networkAcls?.ipRules[verdict.index]?.value;
  if (verdict.because === 'virtualNetworkRule') return networkAcls?.virtualNetworkRules[verdict.index]?.id;
  return undefined;
}

import type { CompileOptions } from '../firewall/compile.ts';
import { ruleProfiles, withLimits } from '../firewall/profiles.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import { trustFor } from '../firewall/trust.ts';
import type { Settings } from '../settings/settings.ts';

/** The rules for `networkAcls` that the settings ask for. */
export function profileOf(settings: Settings): RuleProfile {
  return withNormalization(withLimits(ruleProfiles[settings.rules], ruleLimits(settings)), settings);
}

/** The settings of every vault's firewall: the services that the bypass lets in, and whether a declared subnet counts. */
export function firewallOf({ acceptDeclared, rules, trustedServices }: Settings): CompileOptions {
  const { list = rules, scope = 'scenario' } = trustedServices ?? {};
  return { acceptDeclared, trust: trustFor(list, scope) };
}

/** Answers return what the client sent, unless the settings ask for Azure's normalization. */
function withNormalization(profile: RuleProfile, { azureNormalization = false }: Settings): RuleProfile {
  return azureNormalization ? profile : { ...profile, subnetIds: 'asGiven', addresses: 'asGiven' };
}

function ruleLimits({ limits }: Settings) {
  return {
    ...(limits?.ipRules !== undefined && { ipRulesMax: limits.ipRules }),
    ...(limits?.virtualNetworkRules !== undefined && { virtualNetworkRulesMax: limits.virtualNetworkRules }),
  };
}

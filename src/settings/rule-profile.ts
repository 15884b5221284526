import { ruleProfiles, withLimits } from '../firewall/profiles.ts';
import type { RuleProfile, RuleProfileName } from '../types/firewall.ts';
import type { ConfigFile } from './config-file.ts';

type RuleSettings = Pick<ConfigFile, 'limits' | 'azureNormalization'> & { readonly rules: RuleProfileName };

/** The rules for `networkAcls` that the settings ask for. */
export function profileOf(settings: RuleSettings): RuleProfile {
  return withNormalization(withLimits(ruleProfiles[settings.rules], ruleLimits(settings)), settings);
}

/** Answers return what the client sent, unless the settings ask for Azure's normalization. */
function withNormalization(profile: RuleProfile, { azureNormalization = false }: RuleSettings): RuleProfile {
  return azureNormalization ? profile : { ...profile, subnetIds: 'asGiven', addresses: 'asGiven' };
}

function ruleLimits({ limits }: RuleSettings) {
  return {
    ...(limits?.ipRules !== undefined && { ipRulesMax: limits.ipRules }),
    ...(limits?.virtualNetworkRules !== undefined && { virtualNetworkRulesMax: limits.virtualNetworkRules }),
  };
}

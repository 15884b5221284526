import type { RuleProfile, RuleProfileName } from '../types/firewall.ts';

/**
 * `documented` is the product page that this project implements ("Be aware of the following configuration
 * limitations"); `current` is Azure in 2026 (network-security.md; the /32 as in recorded answers of the service).
 */
export const ruleProfiles: Readonly<Record<RuleProfileName, RuleProfile>> = {
  documented: {
    name: 'documented',
    ipRulesMax: 127,
    virtualNetworkRulesMax: 127,
    smallRanges: 'refused',
    addresses: 'asGiven',
    subnetIds: 'lowerCase',
  },
  current: {
    name: 'current',
    ipRulesMax: 1000,
    virtualNetworkRulesMax: 200,
    smallRanges: 'accepted',
    addresses: 'withPrefix',
    subnetIds: 'lowerCase',
  },
};

/** The highest limit that can be configured: a vault's resource is one record and one answer. */
export const ruleLimitMax = 100_000;

/**
 * The profile with other limits; a limit that is left out stays as it is.
 * @throws {RangeError} when a limit is not a whole number from 0 to `ruleLimitMax`
 */
export function withLimits(
  profile: RuleProfile,
  limits: { readonly ipRulesMax?: number; readonly virtualNetworkRulesMax?: number },
): RuleProfile {
  for (const [name, limit] of Object.entries(limits)) {
    if (!Number.isInteger(limit) || limit < 0 || limit > ruleLimitMax) {
      throw new RangeError(`${name} is ${limit}; it must be a whole number from 0 to ${ruleLimitMax}`);
    }
  }
  return { ...profile, ...limits };
}

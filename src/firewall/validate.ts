import type { IpRule, NetworkAcls } from '../types/firewall.ts';
import { readIpRule } from './ip-rule.ts';
import { part, readArray, readChoice, readObject, refuse } from './json.ts';
import type { Read } from './json.ts';
import type { RuleProfile } from './profiles.ts';
import type { RuleRefusal } from './refusal.ts';
import { readVirtualNetworkRule } from './virtual-network-rule.ts';
import type { RequestedVirtualNetworkRule } from './virtual-network-rule.ts';

/** A valid `networkAcls` whose virtual network rules are still to be bound to their subnets' incarnations. */
export type RequestedNetworkAcls = Omit<NetworkAcls, 'virtualNetworkRules'> & {
  readonly virtualNetworkRules: readonly RequestedVirtualNetworkRule[];
};

export type ValidatedNetworkAcls =
  | { readonly ok: true; readonly networkAcls: RequestedNetworkAcls }
  | { readonly ok: false; readonly refusal: RuleRefusal };

const bypasses: readonly NetworkAcls['bypass'][] = ['AzureServices', 'None'];
const defaultActions: readonly NetworkAcls['defaultAction'][] = ['Allow', 'Deny'];

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
 * is the first in document order. Duplicates are kept, as Azure keeps them, and count once against the limits.
 */
export function validateNetworkAcls(value: unknown, profile: RuleProfile): ValidatedNetworkAcls {
  const read = readObject<RequestedNetworkAcls>(value, 'properties.networkAcls', {
    bypass: (word, path) => part(readChoice(word, path, bypasses), (bypass) => ({ bypass })),
    defaultAction: (word, path) => part(readChoice(word, path, defaultActions), (defaultAction) => ({ defaultAction })),
    ipRules: (rules, path) => part(readIpRules(rules, path, profile), (ipRules) => ({ ipRules })),
    virtualNetworkRules: (rules, path) =>
      part(readVirtualNetworkRules(rules, path, profile), (virtualNetworkRules) => ({ virtualNetworkRules })),
  });
  return read.ok ? { ok: true, networkAcls: { ...defaults, ...read.value } } : read;
}

function readIpRules(value: unknown, path: string, profile: RuleProfile): Read<readonly IpRule[]> {
  const distinct = new Set<string>();
  const limit = profile.ipRulesMax;
  return readArray(value, path, (element, rulePath) => {
    const rule = readIpRule(element, rulePath, profile);
    if (!rule.ok) return rule;
    distinct.add(rule.value.value.replace(/\/32$/, ''));
    return distinct.size > limit
      ? refuse({ kind: 'tooManyIpRules', path: rulePath, limit, profile: profile.name })
      : rule;
  });
}

function readVirtualNetworkRules(
  value: unknown,
  path: string,
  profile: RuleProfile,
): Read<readonly RequestedVirtualNetworkRule[]> {
  const distinct = new Set<string>();
  const limit = profile.virtualNetworkRulesMax;
  return readArray(value, path, (element, rulePath) => {
    const rule = readVirtualNetworkRule(element, rulePath, profile);
    if (!rule.ok) return rule;
    distinct.add(rule.value.id.toLowerCase());
    return distinct.size > limit
      ? refuse({ kind: 'tooManyVirtualNetworkRules', path: rulePath, limit, profile: profile.name })
      : rule;
  });
}

import { guidForm } from '../shape/guid.ts';
import type { VirtualNetworkRule } from '../types/firewall.ts';
import { part, readBoolean, readObject, readString, refuse } from './json.ts';
import type { Read } from './json.ts';
import type { RuleProfile } from './profiles.ts';

/** A virtual network rule as it was asked for: not yet bound to a subnet's incarnation. */
export type RequestedVirtualNetworkRule = Omit<VirtualNetworkRule, 'incarnation'>;

/**
 * An ARM id of a subnet, in any case. Names as Azure's naming rules have them: a resource group 1 to 90 characters not
 * ending in a full stop, a virtual network 2 to 64, a subnet 1 to 80, both beginning with a letter or digit and ending
 * with one or an underscore.
 */
const subnetId = new RegExp(
  [
    `^/subscriptions/${guidForm}`,
    '/resourcegroups/[-\\w.()\\p{L}\\p{N}]{0,89}[-\\w()\\p{L}\\p{N}]',
    '/providers/microsoft\\.network',
    '/virtualnetworks/[a-z0-9][a-z0-9_.-]{0,62}[a-z0-9_]',
    '/subnets/[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$',
  ].join(''),
  'iu',
);

/** Reads one element of `virtualNetworkRules`. Whether the subnet exists is not looked at here. */
export function readVirtualNetworkRule(
  value: unknown,
  path: string,
  profile: RuleProfile,
): Read<RequestedVirtualNetworkRule> {
  const rule = readObject<RequestedVirtualNetworkRule>(value, path, {
    id: (text, textPath) => part(readSubnetId(text, textPath, profile), (id) => ({ id })),
    ignoreMissingVnetServiceEndpoint: (flag, flagPath) =>
      part(readBoolean(flag, flagPath), (ignore) => ({ ignoreMissingVnetServiceEndpoint: ignore })),
  });
  if (!rule.ok) return rule;
  const { id } = rule.value;
  return id === undefined
    ? refuse({ kind: 'missingMember', path, member: 'id' })
    : { ok: true, value: { ...rule.value, id } };
}

function readSubnetId(value: unknown, path: string, profile: RuleProfile): Read<string> {
  const text = readString(value, path);
  if (!text.ok) return text;
  if (!subnetId.test(text.value)) return refuse({ kind: 'malformedSubnetId', path, value: text.value });
  return { ok: true, value: profile.subnetIds === 'lowerCase' ? text.value.toLowerCase() : text.value };
}

import { guidForm } from '../shape/guid.ts';
import type { VirtualNetworkRule } from '../types/firewall.ts';
import { accept, breached } from '../shape/fault.ts';
import { boolean, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import type { RuleProfile } from './profiles.ts';
import type { RuleBreach } from './refusal.ts';

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

/** One element of `virtualNetworkRules`. Whether the subnet exists is not looked at here. */
export function virtualNetworkRule({ subnetIds }: RuleProfile): Shape<RequestedVirtualNetworkRule, RuleBreach> {
  return object({
    id: refine(string, (id) => {
      if (!subnetId.test(id)) return breached(id, { kind: 'malformedSubnetId', value: id });
      return accept(subnetIds === 'lowerCase' ? id.toLowerCase() : id);
    }),
    ignoreMissingVnetServiceEndpoint: optional(boolean),
  });
}

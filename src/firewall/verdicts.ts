import type { Allowed, Denied, DenyReason } from '../types/verdict.ts';
import { trustedServices } from './trusted-services.ts';
import type { TrustedService } from './trusted-services.ts';

/*
 * Every possible verdict exists once and is frozen, so that a decision allocates nothing. Those of rules are made when
 * an index is first used; there are at most as many as the longest list of rules that was ever compiled.
 */

export const allowedByDefault: Allowed = Object.freeze({ allowed: true, because: 'defaultAction' });

const byService = new Map<TrustedService, Allowed>(
  trustedServices.map((service) => [
    service,
    Object.freeze<Allowed>({ allowed: true, because: 'trustedService', service: service.name }),
  ]),
);
const byIpRule: Allowed[] = [];
const byVirtualNetworkRule: Allowed[] = [];

export const denied: { readonly [Reason in DenyReason]: Denied } = {
  sourceUnknown: deny('sourceUnknown'),
  rulesUnreadable: deny('rulesUnreadable'),
  publicNetworkAccessDisabled: deny('publicNetworkAccessDisabled'),
  noIpRule: deny('noIpRule'),
  ipv6: deny('ipv6'),
  noVirtualNetworkRule: deny('noVirtualNetworkRule'),
  subnetOnlyDeclared: deny('subnetOnlyDeclared'),
};

export function allowedByService(service: TrustedService): Allowed {
  return byService.get(service) ?? { allowed: true, because: 'trustedService', service: service.name };
}

export function allowedByIpRule(index: number): Allowed {
  return byIpRule[index] ?? make(byIpRule, index, 'ipRule');
}

export function allowedByVirtualNetworkRule(index: number): Allowed {
  return byVirtualNetworkRule[index] ?? make(byVirtualNetworkRule, index, 'virtualNetworkRule');
}

/** Makes all verdicts up to `index`, because an array with holes would be slow to read from then on. */
function make(verdicts: Allowed[], index: number, because: 'ipRule' | 'virtualNetworkRule'): Allowed {
  let made: Allowed = { allowed: true, because, index };
  for (let next = verdicts.length; next <= index; next++) {
    made = Object.freeze<Allowed>({ allowed: true, because, index: next });
    verdicts.push(made);
  }
  return made;
}

function deny(because: DenyReason): Denied {
  return Object.freeze({ allowed: false, because });
}

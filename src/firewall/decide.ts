import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import type { PublicSource, Source, SubnetSource } from '../types/source.ts';
import type { Allowed, Denied, DenyReason, Verdict } from '../types/verdict.ts';
import type { CompiledFirewall } from './compile.ts';
import type { Trusted } from './trust.ts';
import type { TrustedService } from './trusted-services.ts';

/**
 * Whether the vault's firewall lets this request through, and why. The order is Azure's: what is unknown first, then
 * the bypass for trusted services (also when public network access is disabled), then public network access, which
 * overrides the rules, then the default action, then the rules of the source's kind: a subnet is known by its
 * incarnation and never by its private address, which other virtual networks have as well.
 */
export function decide(
  firewall: CompiledFirewall,
  source: Source,
  caller: Caller | undefined,
  operation: Operation,
): Verdict {
  if (source.kind === 'unknown') return denied.sourceUnknown;
  const { posture } = firewall;
  if (!posture.readable) return denied.rulesUnreadable;
  if (posture.trust !== undefined && caller !== undefined) {
    const trusted = posture.trust.of(caller, operation);
    if (trusted !== undefined) return allowedByService(trusted);
  }
  if (!posture.publicNetworkAccess) return denied.publicNetworkAccessDisabled;
  if (posture.allowsByDefault) return allowedByDefault;
  return source.kind === 'subnet' ? decideSubnet(firewall, source) : decidePublic(firewall, source);
}

function decidePublic(firewall: CompiledFirewall, { address }: PublicSource): Verdict {
  if (address.family === 6) return denied.ipv6;
  const rule = firewall.arena.findAddress(firewall, address.value);
  return rule < 0 ? denied.noIpRule : allowedByIpRule(rule);
}

function decideSubnet(firewall: CompiledFirewall, { incarnation, assurance }: SubnetSource): Verdict {
  const rule = firewall.arena.findIncarnation(firewall, incarnation);
  if (rule < 0) return denied.noVirtualNetworkRule;
  if (assurance !== 'enforced' && !firewall.posture.acceptsDeclared) return denied.subnetOnlyDeclared;
  return allowedByVirtualNetworkRule(rule);
}

/*
 * Every possible verdict exists once and is frozen, so that a decision allocates nothing. Those of rules and
 * services are made when first used; there are at most as many as the longest list of rules that was ever compiled.
 */

export const allowedByDefault: Allowed = Object.freeze({ allowed: true, because: 'defaultAction' });

const inScenario = new Map<TrustedService, Allowed>();
const outsideScenario = new Map<TrustedService, Allowed>();
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

function allowedByService({ service, inScenario: isInScenario }: Trusted): Allowed {
  const verdicts = isInScenario ? inScenario : outsideScenario;
  const known = verdicts.get(service);
  if (known !== undefined) return known;
  const { name, scenario } = service;
  const made: Allowed = { allowed: true, because: 'trustedService', service: name, scenario, inScenario: isInScenario };
  verdicts.set(service, Object.freeze(made));
  return made;
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

import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import type { PublicSource, Source, SubnetSource } from '../types/source.ts';
import type { Verdict } from '../types/verdict.ts';
import type { CompiledFirewall } from './compile.ts';
import { trustedService } from './trust.ts';
import {
  allowedByDefault,
  allowedByIpRule,
  allowedByService,
  allowedByVirtualNetworkRule,
  denied,
} from './verdicts.ts';

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
  if (posture.trustsServices && caller !== undefined) {
    const service = trustedService(caller, operation);
    if (service !== undefined) return allowedByService(service);
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

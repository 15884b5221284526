import type { Trust } from '../firewall/trust.ts';
import type { TrustedService } from '../firewall/trusted-services.ts';
import { hasSubnet } from './access-set.ts';
import type { AccessSet, NetworkSet, SubnetSet } from './access-set.ts';
import { minus } from './spans.ts';

/** The sources and services that gain access by a change of rules, or lose it. */
export interface Difference {
  readonly network: NetworkSet;
  /** Services that are let in from any source, each for its permissions. */
  readonly services: readonly TrustedService[];
}

export interface Change {
  readonly gains: Difference;
  readonly losses: Difference;
}

/**
 * Compares two rule sets by the requests that they let in. Order, duplicates, `/32` and ranges inside others make no
 * difference.
 */
export function changeOf(before: AccessSet, after: AccessSet): Change {
  return { gains: difference(after, before), losses: difference(before, after) };
}

function difference(of: AccessSet, without: AccessSet): Difference {
  return { network: networkMinus(of.network, without.network), services: servicesMinus(of.trust, without.trust) };
}

function networkMinus(of: NetworkSet, without: NetworkSet): NetworkSet {
  return {
    ipv4: minus(of.ipv4, without.ipv4),
    ipv6: of.ipv6 && !without.ipv6,
    subnets: subnetsMinus(of.subnets, without.subnets),
    declaredSubnets: subnetsMinus(of.declaredSubnets, without.declaredSubnets),
  };
}

function subnetsMinus(of: SubnetSet, without: SubnetSet): SubnetSet {
  if (of.kind === 'only') {
    return { kind: 'only', incarnations: filtered(of.incarnations, (each) => !hasSubnet(without, each)) };
  }
  if (without.kind === 'allBut') {
    return { kind: 'only', incarnations: filtered(without.incarnations, (each) => hasSubnet(of, each)) };
  }
  return { kind: 'allBut', incarnations: new Set([...of.incarnations, ...without.incarnations]) };
}

function filtered(all: ReadonlySet<string>, keep: (each: string) => boolean): ReadonlySet<string> {
  return new Set([...all].filter((each) => keep(each)));
}

/** A server has one list of trusted services, and the bypass of a vault is on or off. */
function servicesMinus(of: Trust | undefined, without: Trust | undefined): readonly TrustedService[] {
  if (of === undefined) return [];
  return without === undefined ? of.services : of.services.filter((service) => !without.services.includes(service));
}

/** Whether it is empty. */
export function isNobody({ network, services }: Difference): boolean {
  const { ipv4, ipv6, subnets, declaredSubnets } = network;
  return ipv4.length === 0 && !ipv6 && isNoSubnet(subnets) && isNoSubnet(declaredSubnets) && services.length === 0;
}

function isNoSubnet({ kind, incarnations }: SubnetSet): boolean {
  return kind === 'only' && incarnations.size === 0;
}

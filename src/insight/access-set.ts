import { readStored } from '../firewall/stored.ts';
import { documentedTrust } from '../firewall/trust.ts';
import type { Trust } from '../firewall/trust.ts';
import type { CompileOptions } from '../firewall/compile.ts';
import type { Caller } from '../types/caller.ts';
import type { FirewallSettings } from '../types/firewall.ts';
import type { Operation } from '../types/operation.ts';
import type { Source } from '../types/source.ts';
import { everyAddress, has, noAddress, union } from './spans.ts';
import type { Spans } from './spans.ts';

/** A set of subnets, by incarnation: those that are named, or all but those. */
export interface SubnetSet {
  readonly kind: 'only' | 'allBut';
  readonly incarnations: ReadonlySet<string>;
}

/** The sources that a vault's rules let in, whoever calls. */
export interface NetworkSet {
  readonly ipv4: Spans;
  /** No rule can tell one IPv6 address from another, so that all are in, or none. */
  readonly ipv6: boolean;
  /** Subnets whose connections are proved. */
  readonly subnets: SubnetSet;
  /** Subnets that are only declared. */
  readonly declaredSubnets: SubnetSet;
}

/**
 * All requests that a vault's firewall lets in. The caller and the permission matter to it only by trust, so it is exactly:
 * the source is known, and it is in the network set or the caller is trusted for the permission.
 */
export interface AccessSet {
  readonly network: NetworkSet;
  /** The services that the bypass lets in, from any source that is known. */
  readonly trust: Trust | undefined;
}

const noSubnet: SubnetSet = { kind: 'only', incarnations: new Set() };
const everySubnet: SubnetSet = { kind: 'allBut', incarnations: new Set() };

const noNetwork: NetworkSet = {
  ipv4: noAddress,
  ipv6: false,
  subnets: noSubnet,
  declaredSubnets: noSubnet,
};

const everyNetwork: NetworkSet = {
  ipv4: everyAddress,
  ipv6: true,
  subnets: everySubnet,
  declaredSubnets: everySubnet,
};

/** The requests that `decide` would let in with these settings. Settings that cannot be read let in none. */
export function accessOf(
  settings: FirewallSettings,
  { acceptDeclared = false, trust = documentedTrust }: CompileOptions = {},
): AccessSet {
  const stored = readStored(settings);
  if (stored === undefined) return { network: noNetwork, trust: undefined };
  const bypassed = stored.bypass === 'AzureServices' ? trust : undefined;
  if (!stored.publicNetworkAccess) return { network: noNetwork, trust: bypassed };
  if (stored.defaultAction === 'Allow') return { network: everyNetwork, trust: bypassed };
  const subnets: SubnetSet = { kind: 'only', incarnations: new Set(stored.incarnations) };
  return {
    network: {
      ipv4: union(stored.ranges),
      ipv6: false,
      subnets,
      declaredSubnets: acceptDeclared ? subnets : noSubnet,
    },
    trust: bypassed,
  };
}

/** Whether the firewall lets the request in. */
export function letsIn(
  access: AccessSet,
  { source, caller, operation }: { source: Source; caller: Caller | undefined; operation: Operation },
): boolean {
  if (source.kind === 'unknown') return false;
  const trusted = caller === undefined ? undefined : access.trust?.of(caller, operation);
  return trusted !== undefined || isIn(access.network, source);
}

/** Whether the source is in the set. */
export function isIn(network: NetworkSet, source: Source): boolean {
  if (source.kind === 'unknown') return false;
  if (source.kind === 'subnet') {
    const { subnets, declaredSubnets } = network;
    return hasSubnet(source.assurance === 'enforced' ? subnets : declaredSubnets, source.incarnation);
  }
  return source.address.family === 6 ? network.ipv6 : has(network.ipv4, source.address.value);
}

export function hasSubnet({ kind, incarnations }: SubnetSet, incarnation: string): boolean {
  return incarnations.has(incarnation) === (kind === 'only');
}

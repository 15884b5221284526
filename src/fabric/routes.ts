import { contains, formatRange, networkOf, parseIpv4, parseRange, type Range } from '../address/address.ts';
import { platformDns, privateBlocks } from './addresses.ts';
import type { RouteTableState } from './state.ts';
import { spansOf } from './tags.ts';

/** One route of a subnet's own table, which is asked before the router's. */
export interface RoutePlan {
  readonly prefix: Range;
  readonly to: RouteTarget;
}

/** `router`: the router's own table decides. `nowhere`: packets are dropped. Otherwise the wire of an appliance. */
export type RouteTarget = 'router' | 'internet' | 'nowhere' | { readonly wire: number; readonly address: number };

/** The facts about a router that its route tables are read with. */
export interface RoutingAround {
  readonly spaces: readonly Range[];
  readonly peers: readonly { readonly spaces: readonly Range[] }[];
  readonly workloads: readonly { readonly number: number; readonly address: number }[];
}

interface SubnetRoutes {
  readonly routes: readonly RoutePlan[];
  readonly problems: readonly string[];
}

type Route = RouteTableState['routes'][number];

/**
 * The routes of a subnet with a route table. The longest prefix wins, and among equal ones a route of the table over
 * Azure's own (https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview). Routes of a table do
 * not lead away the platform's DNS, nor the vaults' address where the service endpoint is on: that one is redirected
 * before it is routed.
 */
export function subnetRoutes({ id, routes }: RouteTableState, around: RoutingAround): SubnetRoutes {
  const problems: string[] = [];
  const tagged: RoutePlan[] = [];
  const given: RoutePlan[] = [];
  for (const route of routes) {
    const prefixes = prefixesOf(route.addressPrefix);
    const problem = routeProblem(route, prefixes !== undefined, around);
    if (problem !== undefined) problems.push(`Route "${route.name}" of "${id}" ${problem}. Change the route.`);
    const list = parseRange(route.addressPrefix).ok ? given : tagged;
    for (const prefix of prefixes ?? []) list.push({ prefix, to: targetOf(route, prefix, around) });
  }
  // Of two routes with one prefix the later counts. Azure prefers a prefix that is given to one that a tag stands for.
  const ordered = [...systemRoutes(around), ...tagged, ...given, platformRoute];
  const byPrefix = new Map(ordered.map((route) => [formatRange(route.prefix), route]));
  return { routes: [...byPrefix.values()], problems };
}

const platformRoute: RoutePlan = { prefix: networkOf(platformDns, 32), to: 'router' };

/** Azure's own routes with longer prefixes than 0.0.0.0/0. */
function systemRoutes({ spaces, peers }: RoutingAround): readonly RoutePlan[] {
  const reached = [...peers.flatMap((peer) => peer.spaces), ...spaces];
  return [
    ...privateBlocks.map((prefix) => ({ prefix, to: 'nowhere' as const })),
    ...reached.map((prefix) => ({ prefix, to: 'router' as const })),
  ];
}

/** The prefixes of a table's routes: the tag `VirtualNetwork` of its subnets contains them. */
export function routePrefixes({ routes }: RouteTableState): readonly Range[] {
  return routes.flatMap(({ addressPrefix }) => prefixesOf(addressPrefix) ?? []);
}

/** The prefix, or those of a service tag; `undefined` if it is neither. */
function prefixesOf(text: string): readonly Range[] | undefined {
  const read = parseRange(text);
  if (read.ok) return [read.range];
  // No network: the tags of networks cannot be in a route table.
  const spans = spansOf(text, { network: [], notInternet: [] });
  return spans?.filter(({ first, last }) => first === last).map(({ first }) => networkOf(first, 32));
}

function targetOf(route: Route, prefix: Range, { spaces, workloads }: RoutingAround): RouteTarget {
  if (route.nextHopType === 'Internet') return 'internet';
  if (route.nextHopType === 'VnetLocal') return spaces.some((space) => contains(space, prefix)) ? 'router' : 'nowhere';
  if (route.nextHopType !== 'VirtualAppliance') return 'nowhere';
  const address = parseIpv4(route.nextHopIpAddress ?? '');
  const appliance = workloads.find((workload) => workload.address === address);
  return appliance === undefined ? 'nowhere' : { wire: appliance.number, address: appliance.address };
}

function routeProblem(route: Route, isRead: boolean, around: RoutingAround): string | undefined {
  if (!isRead) return `is left out: its prefix "${route.addressPrefix}" cannot be read`;
  const problem = hopProblem(route, around);
  if (problem !== undefined) return `leads nowhere: ${problem}`;
  if (route.nextHopType !== 'VirtualAppliance') return undefined;
  return `ends at ${route.nextHopIpAddress}: a workload there gets the packets, and cannot forward them`;
}

/** The reason why a next hop can never be reached. An appliance that does not run yet may run later. */
function hopProblem({ nextHopType, nextHopIpAddress = '' }: Route, { spaces }: RoutingAround): string | undefined {
  if (nextHopType === 'VirtualNetworkGateway') return 'a fabric has no virtual network gateways';
  if (nextHopType !== 'VirtualAppliance') return undefined;
  const address = parseIpv4(nextHopIpAddress);
  if (address === undefined) return `its next hop "${nextHopIpAddress}" is not an IPv4 address`;
  const inside = spaces.some(({ first, last }) => first <= address && address <= last);
  return inside ? undefined : `its next hop ${nextHopIpAddress} is not in the address space of its network`;
}

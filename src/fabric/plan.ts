import { formatIpv4, formatRange, overlaps, type Range } from '../address/address.ts';
import { defaultOutboundPool, describePool, platformDns, poolAt } from './addresses.ts';
import { networksMax, type Allocation, type SubnetNumbers } from './allocation.ts';
import { routePrefixes, subnetRoutes, type RoutePlan, type RoutingAround } from './routes.ts';
import { readFilter, type SubnetFilter } from './security.ts';
import type { FabricState, RouteTableState, SubnetState, VirtualNetworkState } from './state.ts';
import type { Reach } from './tags.ts';

/** A workload in a subnet: its number is in the names of its wire and its namespace. */
export interface Workload {
  readonly number: number;
  readonly incarnation: string;
  readonly address: number;
}

/** A host on the internet. Hosts and workloads share one sequence of numbers. */
export interface InternetHost {
  readonly number: number;
  readonly address: number;
}

/** All that is to exist on this machine, as numbers. Names and ids are for messages and for the server only. */
export interface Plan {
  readonly internet: InternetPlan;
  readonly routers: readonly RouterPlan[];
  /** Sentences about what cannot be built as the resource manager has it. The rest is built. */
  readonly problems: readonly string[];
}

/** The internet namespace: services and DNS, a wire to each router and to each host. */
export interface InternetPlan {
  readonly routers: readonly { readonly number: number; readonly publicAddresses: readonly number[] }[];
  readonly hosts: readonly InternetHost[];
}

/** The router of a virtual network. */
export interface RouterPlan {
  readonly number: number;
  readonly id: string;
  readonly name: string;
  readonly resourceGuid: string;
  readonly spaces: readonly Range[];
  readonly subnets: readonly SubnetPlan[];
  readonly peers: readonly PeerPlan[];
  readonly workloads: readonly WorkloadPlan[];
}

export interface SubnetPlan {
  readonly id: string;
  readonly name: string;
  readonly incarnation: string;
  readonly group: number;
  readonly prefix: Range;
  /** Whether the vaults' address leads to the subnet's listener. */
  readonly endpoint: boolean;
  /** The public addresses of its new flows. Without any, nothing of it reaches the internet but the platform's DNS. */
  readonly outbound: readonly number[];
  /** Its security group. Without one everything passes. */
  readonly filter?: SubnetFilter;
  /** Its own routes. Without a route table it follows the router's. */
  readonly routes?: readonly RoutePlan[];
}

/** A peered network, both sides of whose peering are connected. */
export interface PeerPlan {
  readonly number: number;
  readonly spaces: readonly Range[];
  /** `allowVirtualNetworkAccess` of this side: whether the tag `VirtualNetwork` contains the peer. */
  readonly access: boolean;
}

export interface WorkloadPlan {
  readonly number: number;
  readonly group: number;
  readonly address: number;
}

interface Facts {
  readonly state: FabricState;
  readonly allocation: Allocation;
  readonly workloads: readonly Workload[];
}

interface Drawn<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/** Decides what is to exist. A workload whose subnet is gone, or does not contain its address any more, has no place. */
export function plan(facts: Facts & { readonly hosts: readonly InternetHost[] }): Plan {
  const { state } = facts;
  const refusals = state.virtualNetworks.map((network) => networkProblem(network, facts));
  const built = state.virtualNetworks.filter((_, index) => refusals[index] === undefined);
  const drawn = built.map((network) => routerPlan(network, built, facts));
  const routers = drawn.map(({ value }) => value);
  const internet = internetPlan(routers, facts.hosts);
  const problems = [
    ...poolProblem(state.publicAddressPool),
    ...refusals.filter((refusal) => refusal !== undefined),
    ...built.flatMap(networkProblems),
    ...drawn.flatMap((each) => each.problems),
    ...internet.problems,
  ];
  return { internet: internet.value, routers, problems: [...new Set(problems)] };
}

function poolProblem(pool: Range): readonly string[] {
  const clash = poolAt(pool);
  if (clash === undefined) return [];
  const what = `publicAddressPool (${formatRange(pool)}) overlaps ${describePool(clash)}`;
  return [`${what}. Configure another publicAddressPool in the server.`];
}

/** The reason not to build a network at all. */
function networkProblem(network: VirtualNetworkState, { state, allocation }: Facts): string | undefined {
  if (allocation.networks[network.resourceGuid] === undefined) {
    return `Network "${network.name}" is not built: a fabric has at most ${networksMax} networks. Delete one.`;
  }
  for (const space of network.addressPrefixes) {
    const clash = poolAt(space, state.publicAddressPool);
    if (clash === undefined) continue;
    const what = `its address space ${formatRange(space)} overlaps ${describePool(clash)}`;
    return `Network "${network.name}" is not built: ${what}. Give the network another address space.`;
  }
  return undefined;
}

/** Sentences about the wishes of a network that a fabric does not fulfil, where that lets something through. */
function networkProblems({ name, dnsServers, dropUnencrypted }: VirtualNetworkState): readonly string[] {
  const servers = dnsServers.filter((server) => server !== formatIpv4(platformDns)).join(', ');
  return [
    ...(servers === ''
      ? []
      : [`Network "${name}": its DNS servers (${servers}) are not asked, but the platform's. Remove dnsServers.`]),
    ...(dropUnencrypted
      ? [`Network "${name}": nothing is encrypted, and DropUnencrypted drops nothing. Set AllowUnencrypted.`]
      : []),
  ];
}

function routerPlan(
  network: VirtualNetworkState,
  built: readonly VirtualNetworkState[],
  facts: Facts,
): Drawn<RouterPlan> {
  const { allocation } = facts;
  const peers = peerPlans(network, built, allocation);
  const subnets = network.subnets.flatMap((subnet) => {
    const numbers = allocation.subnets[subnet.incarnation];
    return numbers === undefined ? [] : [{ subnet, numbers }];
  });
  const workloads = subnets.flatMap(({ subnet, numbers: { group } }) =>
    facts.workloads
      .filter(({ incarnation, address }) => incarnation === subnet.incarnation && isIn(subnet.addressPrefix, address))
      .map(({ number, address }) => ({ number, group, address })),
  );
  const around = { spaces: network.addressPrefixes, peers: peers.value, workloads };
  const drawn = subnets.map(({ subnet, numbers }) => subnetPlan(subnet, numbers, { around, state: facts.state }));
  const router = {
    number: allocation.networks[network.resourceGuid] ?? 0,
    id: network.id,
    name: network.name,
    resourceGuid: network.resourceGuid,
    spaces: network.addressPrefixes,
    subnets: drawn.map(({ value }) => value),
    peers: peers.value,
    workloads,
  };
  return { value: router, problems: [...peers.problems, ...drawn.flatMap(({ problems }) => problems)] };
}

interface NetworkAround extends RoutingAround {
  readonly peers: readonly PeerPlan[];
}

interface Surroundings {
  readonly around: NetworkAround;
  readonly state: FabricState;
}

function subnetPlan(subnet: SubnetState, numbers: SubnetNumbers, { around, state }: Surroundings): Drawn<SubnetPlan> {
  const group = state.securityGroups.find(({ id }) => isSameId(id, subnet.securityGroup));
  const table = state.routeTables.find(({ id }) => isSameId(id, subnet.routeTable));
  const filter = group === undefined ? undefined : readFilter(group, reachOf(around, table));
  const routes = table === undefined ? undefined : subnetRoutes(table, around);
  const value = {
    id: subnet.id,
    name: subnet.name,
    incarnation: subnet.incarnation,
    group: numbers.group,
    prefix: subnet.addressPrefix,
    endpoint: subnet.serviceEndpoint,
    outbound: numbers.outboundAddress === undefined ? subnet.publicAddresses : [numbers.outboundAddress],
    ...(filter === undefined ? {} : { filter: filter.filter }),
    ...(routes === undefined ? {} : { routes: routes.routes }),
  };
  const rules = (filter?.problems ?? []).map((problem) => `Security group "${subnet.securityGroup}": ${problem}`);
  return { value, problems: [...outboundProblem(subnet, numbers), ...rules, ...(routes?.problems ?? [])] };
}

function outboundProblem(subnet: SubnetState, { outboundAddress }: SubnetNumbers): readonly string[] {
  const due = subnet.defaultOutboundAccess && subnet.publicAddresses.length === 0;
  if (!due || outboundAddress !== undefined) return [];
  const without = `Subnet "${subnet.id}" has no public address: the pool ${formatRange(defaultOutboundPool)} is used up.`;
  return [`${without} Give it a NAT gateway, or set defaultOutboundAccess to false.`];
}

/**
 * The tag `VirtualNetwork` of a subnet, and what is not `Internet`. The former has the prefixes of user-defined routes, and
 * may have a default route (https://learn.microsoft.com/azure/virtual-network/service-tags-overview); the latter stays all
 * that is public.
 */
function reachOf({ spaces, peers }: NetworkAround, table: RouteTableState | undefined): Reach {
  const routed = table === undefined ? [] : routePrefixes(table);
  return {
    network: [...spaces, ...peers.filter(({ access }) => access).flatMap((peer) => peer.spaces), ...routed],
    notInternet: [...spaces, ...peers.flatMap((peer) => peer.spaces)],
  };
}

/** Peered networks: each side says that it is connected, and the networks are those that it says it of. */
function peerPlans(
  network: VirtualNetworkState,
  built: readonly VirtualNetworkState[],
  allocation: Allocation,
): Drawn<readonly PeerPlan[]> {
  const peers: PeerPlan[] = [];
  const problems: string[] = [];
  for (const peering of network.peerings) {
    const remote = built.find(({ resourceGuid }) => resourceGuid === peering.remoteGuid);
    const number = allocation.networks[peering.remoteGuid];
    if (remote === undefined || number === undefined || peering.state !== 'Connected') continue;
    const back = remote.peerings.find(({ remoteGuid }) => remoteGuid === network.resourceGuid);
    if (back?.state !== 'Connected') continue;
    const clash = network.addressPrefixes.find((own) => remote.addressPrefixes.some((other) => overlaps(own, other)));
    if (clash === undefined) {
      peers.push({ number, spaces: remote.addressPrefixes, access: peering.allowVirtualNetworkAccess });
      continue;
    }
    const what = `address space ${formatRange(clash)} of "${network.name}" overlaps one of "${remote.name}"`;
    problems.push(`Peering "${peering.name}" is not built: ${what}. Networks with the same addresses cannot be peers.`);
  }
  return { value: peers, problems };
}

/** The way back to each public address leads to one router: a second network with the same address is not reached. */
function internetPlan(routers: readonly RouterPlan[], hosts: readonly InternetHost[]): Drawn<InternetPlan> {
  const owners = new Map<number, RouterPlan>();
  const problems: string[] = [];
  const outside = routers.map((router) => {
    const publicAddresses: number[] = [];
    for (const address of new Set(router.subnets.flatMap(({ outbound }) => outbound))) {
      const owner = owners.get(address);
      owners.set(address, owner ?? router);
      if (owner === undefined) publicAddresses.push(address);
      else problems.push(sharedAddress(address, owner, router));
    }
    return { number: router.number, publicAddresses };
  });
  return { value: { routers: outside, hosts }, problems };
}

function sharedAddress(address: number, owner: RouterPlan, other: RouterPlan): string {
  const what = `Public address ${formatIpv4(address)} leads to network "${owner.name}"`;
  return `${what}, so that "${other.name}" gets no answers to it. Give "${other.name}" a NAT gateway of its own.`;
}

function isIn(range: Range, address: number): boolean {
  return range.first <= address && address <= range.last;
}

/** Ids of resources are the same in any case. */
function isSameId(one: string, other: string | undefined): boolean {
  return other !== undefined && one.toLowerCase() === other.toLowerCase();
}

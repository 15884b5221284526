import { formatIpv4, formatRange } from '../address/address.ts';
import type { Namespaces } from './namespaces.ts';
import { livingPlaces, type KeptHost } from './kept.ts';
import type { SubnetPlan } from './plan.ts';
import { isAlive } from './processes.ts';
import type { Reconciler } from './reconciler.ts';
import type { Place } from './place.ts';

interface WorkloadStatus {
  readonly address: string;
  readonly pid: number;
  /** By its name for `ip netns`. */
  readonly namespace: string;
}

interface SubnetStatus {
  readonly name: string;
  readonly id: string;
  readonly addressPrefix: string;
  readonly serviceEndpoint: boolean;
  /** The public addresses that the internet sees. */
  readonly leavesAs: readonly string[];
  /** Ids of the resources whose rules and routes it has. */
  readonly securityGroup?: string;
  readonly routeTable?: string;
  readonly workloads: readonly WorkloadStatus[];
}

interface NetworkStatus {
  readonly name: string;
  readonly id: string;
  readonly addressPrefixes: readonly string[];
  readonly namespace: string;
  /** The names of the networks that it reaches by peerings. */
  readonly peers: readonly string[];
  readonly subnets: readonly SubnetStatus[];
}

export interface RunningStatus {
  readonly running: true;
  readonly instance: string;
  readonly pid: number;
  readonly isRoot: boolean;
  /** Whether the server runs, and has the fabric's listeners. */
  readonly hasServer: boolean;
  readonly networks: readonly NetworkStatus[];
  /** The hosts on the internet. */
  readonly hosts: readonly WorkloadStatus[];
  /** Workloads that reach nothing: their subnets are gone, or do not contain their addresses any more. */
  readonly stranded: readonly (WorkloadStatus & { readonly subnet: string })[];
  readonly problems: readonly string[];
}

export type FabricStatus =
  | RunningStatus
  /** No reconciler runs; `isLeft`: networks of one that was killed may still be there. */
  | { readonly running: false; readonly isLeft: boolean; readonly instance: string; readonly log: string };

interface StatusOptions {
  readonly place: Place;
  readonly reconciler: Reconciler;
  readonly namespaces: Namespaces;
  readonly hasServer: boolean;
  /** Sentences about what does not work besides. */
  readonly problems: readonly string[];
}

export function fabricStatus({ place, reconciler, namespaces, hasServer, problems }: StatusOptions): RunningStatus {
  const { plan, state } = reconciler;
  const workload = ({ number, address, holder }: KeptHost): WorkloadStatus => ({
    address: formatIpv4(address),
    pid: holder.pid,
    namespace: namespaces.names.workload(number),
  });
  // A place is kept a moment longer than its process lives.
  const { workloads, hosts } = livingPlaces(reconciler, isAlive);
  const placed = new Set(plan?.routers.flatMap((router) => router.workloads.map(({ number }) => number)));
  const subnetsSent = new Map(
    state?.virtualNetworks.flatMap(({ subnets }) => subnets.map((subnet) => [subnet.incarnation, subnet])),
  );
  const subnetStatus = (subnet: SubnetPlan): SubnetStatus => {
    const { securityGroup, routeTable } = subnetsSent.get(subnet.incarnation) ?? {};
    const inside = workloads.filter(
      ({ incarnation, number }) => incarnation === subnet.incarnation && placed.has(number),
    );
    return {
      name: subnet.name,
      id: subnet.id,
      addressPrefix: formatRange(subnet.prefix),
      serviceEndpoint: subnet.endpoint,
      leavesAs: subnet.outbound.map(formatIpv4),
      ...(securityGroup !== undefined && { securityGroup }),
      ...(routeTable !== undefined && { routeTable }),
      workloads: inside.map(workload),
    };
  };
  const names = new Map(plan?.routers.map(({ number, name }) => [number, name]));
  return {
    running: true,
    instance: place.instance,
    pid: process.pid,
    isRoot: place.isRoot,
    hasServer,
    networks: (plan?.routers ?? []).map(({ number, name, id, spaces, peers, subnets }) => ({
      name,
      id,
      addressPrefixes: spaces.map(formatRange),
      namespace: namespaces.names.router(number),
      peers: peers.map((peer) => names.get(peer.number) ?? ''),
      subnets: subnets.map(subnetStatus),
    })),
    hosts: hosts.map(workload),
    stranded: workloads
      .filter(({ number }) => !placed.has(number))
      .map((each) => ({ ...workload(each), subnet: each.name })),
    problems: [
      ...(plan?.problems ?? []),
      ...reconciler.missing.map((each) => `Not in force yet: ${each}`),
      ...problems,
    ],
  };
}

/** Whether an answer of the reconciler is its status: it is the same program. */
export function isFabricStatus(answer: object): answer is RunningStatus {
  return 'running' in answer && 'networks' in answer;
}

/** One line that says how much there is. */
export function summaryOf({ networks, problems }: RunningStatus): string {
  const subnets = networks.reduce((sum, network) => sum + network.subnets.length, 0);
  const troubles = problems.length === 0 ? '' : `, ${problems.length} with problems`;
  return `The networks are there: ${networks.length} with ${subnets} subnets${troubles}.`;
}

/** The output of `postern net status`. */
export function describeStatus(status: FabricStatus): string {
  if (!status.running) {
    if (!status.isLeft) return 'There are no networks: "postern net up" builds them.';
    const left = 'No "postern net up" runs. One that was killed left its networks: run it again to take them over, or';
    return `${left} "postern net down". Its log: ${status.log}`;
  }
  const server = status.hasServer
    ? []
    : ['The server is not running: no vault can be reached until it is started again.'];
  const hosts = status.hosts.map(({ address, pid }) => `  internet ${address} (process ${pid})`);
  const stranded = status.stranded.map(
    ({ subnet, address, pid }) =>
      `  ${address} (process ${pid}) reaches nothing: ${subnet} is gone, or has another range`,
  );
  const networks = status.networks.flatMap(describeNetwork);
  return [...server, ...networks, ...hosts, ...stranded, ...status.problems, summaryOf(status)].join('\n');
}

function describeNetwork({ name, addressPrefixes, namespace, peers, subnets }: NetworkStatus): readonly string[] {
  const peered = peers.length === 0 ? '' : `, peer of ${peers.join(', ')}`;
  return [
    `${name} (${addressPrefixes.join(', ')}, namespace ${namespace})${peered}`,
    ...subnets.flatMap((subnet) => [
      `  ${subnet.name} ${subnet.addressPrefix}: ${partsOf(subnet).join(', ')}`,
      ...subnet.workloads.map(({ address, pid }) => `    ${address} (process ${pid})`),
    ]),
  ];
}

function partsOf({ serviceEndpoint, leavesAs, securityGroup, routeTable }: SubnetStatus): readonly string[] {
  return [
    `service endpoint ${serviceEndpoint ? 'on' : 'off'}`,
    leavesAs.length === 0 ? 'no way to the internet' : `leaves as ${leavesAs.join(', ')}`,
    ...(securityGroup === undefined ? [] : [`security group ${nameIn(securityGroup)}`]),
    ...(routeTable === undefined ? [] : [`route table ${nameIn(routeTable)}`]),
  ];
}

/** The name of a resource: the last part of its id. */
function nameIn(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

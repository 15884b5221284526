import { formatIpv4, formatRange } from '../address/address.ts';
import type { Namespaces } from './namespaces.ts';
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
  readonly workloads: readonly WorkloadStatus[];
}

interface NetworkStatus {
  readonly name: string;
  readonly id: string;
  readonly addressPrefixes: readonly string[];
  readonly namespace: string;
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
  const { plan, workloads, hosts } = reconciler;
  const workload = ({ number, address, holder }: (typeof hosts)[number]): WorkloadStatus => ({
    address: formatIpv4(address),
    pid: holder.pid,
    namespace: namespaces.names.workload(number),
  });
  return {
    running: true,
    instance: place.instance,
    pid: process.pid,
    isRoot: place.isRoot,
    hasServer,
    networks: (plan?.routers ?? []).map(({ number, name, id, spaces, subnets }) => ({
      name,
      id,
      addressPrefixes: spaces.map(formatRange),
      namespace: namespaces.names.router(number),
      subnets: subnets.map((subnet) => ({
        name: subnet.name,
        id: subnet.id,
        addressPrefix: formatRange(subnet.prefix),
        serviceEndpoint: subnet.endpoint,
        leavesAs: subnet.outbound.map(formatIpv4),
        workloads: workloads.filter(({ incarnation }) => incarnation === subnet.incarnation).map(workload),
      })),
    })),
    hosts: hosts.map(workload),
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
  return [...server, ...status.networks.flatMap(describeNetwork), ...hosts, ...status.problems, summaryOf(status)].join(
    '\n',
  );
}

function describeNetwork({ name, addressPrefixes, namespace, subnets }: NetworkStatus): readonly string[] {
  return [
    `${name} (${addressPrefixes.join(', ')}, namespace ${namespace})`,
    ...subnets.flatMap((subnet) => [
      `  ${subnet.name} ${subnet.addressPrefix}: service endpoint ${subnet.serviceEndpoint ? 'on' : 'off'}, ${leaving(subnet)}`,
      ...subnet.workloads.map(({ address, pid }) => `    ${address} (process ${pid})`),
    ]),
  ];
}

function leaving({ leavesAs }: SubnetStatus): string {
  return leavesAs.length === 0 ? 'no way to the internet' : `leaves as ${leavesAs.join(', ')}`;
}

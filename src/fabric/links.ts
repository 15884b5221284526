import { formatIpv4, formatRange, networkOf, type Range } from '../address/address.ts';
import {
  internetAddress,
  platformDns,
  privateBlocks,
  routerAddress,
  routerLinkAddress,
  services,
} from './addresses.ts';
import { namespaceNames, networkWire, outsideWire, peerWire, workloadWire, type NamespaceNames } from './naming.ts';
import type { InternetHost, Plan, RouterPlan, SubnetPlan, WorkloadPlan } from './plan.ts';
import type { RouteTarget } from './routes.ts';
import { address, route, ruleTo, up, wire, type NamespaceThings, type Thing, type Things } from './things.ts';

/** Everything that is to exist for a plan, in the namespaces of an instance. */
export function thingsOf({ internet, routers }: Plan, instance: string): Things {
  const names = namespaceNames(instance);
  const things = new Map<string, NamespaceThings>();
  const namespace = names.internet;
  const wires = [
    ...internet.routers.map(({ number }) =>
      wire({ name: networkWire(number), namespace, otherName: outsideWire, otherNamespace: names.router(number) }),
    ),
    ...internet.hosts.map(({ number }) => wire({ namespace, ...workloadEnds(number, names) })),
  ];
  const settings = [
    up('lo'),
    ...[...Object.values(services), platformDns].map((each) => address(each, 'lo')),
    ...internet.routers.flatMap(towardsRouter),
    ...internet.hosts.flatMap(towardsWorkload),
  ];
  things.set(namespace, { wires, settings });
  for (const router of routers) {
    things.set(names.router(router.number), routerThings(router, names));
    for (const { number, address: own } of router.workloads) things.set(names.workload(number), workloadThings(own));
  }
  for (const { number, address: own } of internet.hosts) things.set(names.workload(number), workloadThings(own));
  return things;
}

/** A workload's wire: the name of the end that its router has, and its own end. */
function workloadEnds(number: number, names: NamespaceNames) {
  return { name: workloadWire(number), otherName: 'eth0', otherNamespace: names.workload(number) } as const;
}

function routerThings(router: RouterPlan, names: NamespaceNames): NamespaceThings {
  const namespace = names.router(router.number);
  const peers = router.peers.filter(({ number }) => router.number < number);
  return {
    wires: [
      // Of two peers, the one with the smaller number makes the wire.
      ...peers.map(({ number }) =>
        wire({
          name: peerWire(number),
          namespace,
          otherName: peerWire(router.number),
          otherNamespace: names.router(number),
        }),
      ),
      ...router.workloads.map(({ number, group }) => wire({ namespace, group, ...workloadEnds(number, names) })),
    ],
    settings: [
      up('lo'),
      up(outsideWire),
      address(routerLinkAddress(router.number), outsideWire),
      ...ownRoutes(router),
      ...router.peers.flatMap(({ number, spaces }) => towardsPeer(router.number, { number, spaces })),
      ...router.workloads.flatMap(towardsWorkload),
      ...router.subnets.flatMap(subnetTable),
    ],
  };
}

/** An address that no workload has goes nowhere, and a private address of no network does not leave. */
function ownRoutes({ spaces, peers }: RouterPlan): readonly Thing[] {
  const reached = new Set(peers.flatMap((peer) => peer.spaces).map(formatRange));
  const closed = [...new Set([...privateBlocks, ...spaces].map(formatRange))].filter((range) => !reached.has(range));
  const outside = `via ${formatIpv4(internetAddress)} dev ${outsideWire} onlink`;
  return [route('default', outside), ...closed.map((range) => route(range, 'blackhole'))];
}

function towardsRouter({ number, publicAddresses }: Plan['internet']['routers'][number]): readonly Thing[] {
  const name = networkWire(number);
  const link = formatIpv4(routerLinkAddress(number));
  return [
    up(name),
    address(internetAddress, name),
    route(link, `dev ${name} scope link`),
    ...publicAddresses.map((each) => route(formatIpv4(each), `via ${link} dev ${name} onlink`)),
  ];
}

function towardsPeer(own: number, { number, spaces }: { number: number; spaces: readonly Range[] }): readonly Thing[] {
  const name = peerWire(number);
  const hop = `via ${formatIpv4(routerLinkAddress(number))} dev ${name} onlink`;
  return [up(name), address(routerLinkAddress(own), name), ...spaces.map((space) => route(formatRange(space), hop))];
}

function towardsWorkload({ number, address: own }: WorkloadPlan | InternetHost): readonly Thing[] {
  const name = workloadWire(number);
  return [up(name), address(routerAddress, name), route(formatIpv4(own), `dev ${name} scope link`)];
}

function workloadThings(own: number): NamespaceThings {
  const router = formatIpv4(routerAddress);
  const settings = [
    up('lo'),
    up('eth0'),
    address(own, 'eth0'),
    route(router, 'dev eth0 scope link'),
    route('default', `via ${router} dev eth0`),
  ];
  return { wires: [], settings };
}

/** A subnet's route table in its router, and the priority of the rule that leads to it. */
function tableOf(group: number): number {
  return 1_000 + group;
}

/** The routes of a subnet with a route table, and the rule that leads its packets there by their mark. */
function subnetTable({ group, routes }: SubnetPlan): readonly Thing[] {
  if (routes === undefined) return [];
  const table = tableOf(group);
  return [...routes.map(({ prefix, to }) => route(prefixText(prefix), hopOf(to), table)), ruleTo(table, group)];
}

function hopOf(to: RouteTarget): string {
  if (to === 'router') return 'throw';
  if (to === 'nowhere') return 'blackhole';
  if (to === 'internet') return `via ${formatIpv4(internetAddress)} dev ${outsideWire} onlink`;
  return `via ${formatIpv4(to.address)} dev ${workloadWire(to.wire)} onlink`;
}

/** A prefix as `ip` prints it. */
function prefixText(range: Range): string {
  if (range.prefix === 0) return 'default';
  return range.prefix === 32 ? formatIpv4(range.first) : formatRange(networkOf(range.first, range.prefix));
}

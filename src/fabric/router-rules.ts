import { formatIpv4 } from '../address/address.ts';
import { instanceMetadata, platformDns, routerAddress, routerLinkAddress, services } from './addresses.ts';
import { metadataPort, vaultPort } from './allocation.ts';
import { flowLimits, usualFlowLimits } from './flow-limits.ts';
import { outsideWire, peerWire, workloadWire } from './naming.ts';
import {
  addressSet,
  answerLines,
  chain,
  declare,
  element,
  filterLines,
  ownersSet,
  replacement,
  verdicts,
} from './nft-text.ts';
import type { RouterPlan, SubnetPlan, WorkloadPlan } from './plan.ts';
import type { SubnetFilter } from './security.ts';

const vaults = formatIpv4(services.vaults);
const dns = formatIpv4(platformDns);
const metadata = formatIpv4(instanceMetadata);
const links = '169.254.0.0/16';
const anyWorkload = 'iifname "w*"';
const toOutside = `oifname "${outsideWire}"`;

/**
 * The whole packet filter of a network's router, as a script for `nft -f` that replaces the former one in one step.
 * Flows that exist keep their translation. Only numbers are in it: no name of a resource, and no string of a rule.
 */
export function routerRules(router: RouterPlan, { workload, network } = usualFlowLimits): string {
  const { subnets, workloads } = router;
  const endpoints = subnets.filter(({ endpoint }) => endpoint);
  const limits = flowLimits([
    ['w*', workload],
    ['p*', network],
  ]);
  const filter = replacement([
    'counter spoofed { }',
    'counter untranslated { }',
    declare('map endpoints', 'devgroup : inet_service', endpoints.map(endpointElement)),
    declare('map metadata', 'devgroup : inet_service', subnets.map(metadataElement)),
    ownersSet(workloads.map(ownerElement)),
    sourceChain(router),
    outboundChain(subnets),
    ...subnets.flatMap(groupChains),
    endpointChain(),
    inputChain(),
    forwardChain(router, endpoints),
    ...translationChains(router),
  ]);
  return limits + filter;
}

/** Lets a workload send from its address, without replacing the rest. */
export function addOwner(workload: WorkloadPlan): string {
  return element('add', 'owners', ownerElement(workload));
}

/** Takes that back. It fails if the workload is not there. */
export function deleteOwner(workload: WorkloadPlan): string {
  return element('delete', 'owners', ownerElement(workload));
}

function ownerElement({ number, address }: WorkloadPlan): string {
  return `"${workloadWire(number)}" . ${formatIpv4(address)}`;
}

function endpointElement({ group }: SubnetPlan): string {
  return `${group} : ${vaultPort(group)}`;
}

function metadataElement({ group }: SubnetPlan): string {
  return `${group} : ${metadataPort(group)}`;
}

/** Source addresses are proved by the wire: a workload has one, a peer its space, the internet everything else. */
function sourceChain({ spaces, peers }: RouterPlan): string {
  const inside = [...spaces, ...peers.flatMap((peer) => peer.spaces)];
  return chain('source', 'filter hook prerouting priority raw; policy accept', [
    'meta nfproto ipv6 counter drop',
    `${anyWorkload} iifname . ip saddr != @owners counter name spoofed drop`,
    ...peers.map(
      ({ number, spaces: theirs }) =>
        `iifname "${peerWire(number)}" ip saddr != ${addressSet(theirs)} counter name spoofed drop`,
    ),
    ...(inside.length === 0
      ? []
      : [`iifname "${outsideWire}" ip saddr ${addressSet(inside)} counter name spoofed drop`]),
  ]);
}

/** A flow that leaves a subnet is judged before the redirect, by the address that the workload asked for. */
function outboundChain(subnets: readonly SubnetPlan[]): string {
  const filtered = subnets.filter(({ filter }) => filter !== undefined);
  const platform = filtered.filter(({ filter }) => filter?.platform.length !== 0);
  const marks = subnets.map(({ group }) => `${group} : ${group}`);
  return chain('outbound', 'filter hook prerouting priority mangle; policy accept', [
    // The mark chooses the subnet's route table and its public addresses.
    ...(marks.length === 0 ? [] : [`meta mark set meta iifgroup map { ${marks.join(', ')} }`]),
    ...openFlows('iifgroup', subnets, { answers: 'answerin' }),
    ...verdicts(
      `ip daddr { ${dns}, ${metadata} } meta iifgroup`,
      platform.map(({ group }) => [group, `goto platform${group}`]),
    ),
    `ip daddr { ${dns}, ${metadata} } accept`,
    ...verdicts(
      'meta iifgroup',
      filtered.map(({ group }) => [group, `goto out${group}`]),
    ),
  ]);
}

/**
 * The packets of open flows pass, but those of a subnet whose group asks for `flushConnection` are judged again: that a
 * change of the rules ends a flow needs no look at what flows there are.
 */
function openFlows(
  side: 'iifgroup' | 'oifgroup',
  subnets: readonly SubnetPlan[],
  chains: { readonly answers: string; readonly asked?: string },
): readonly string[] {
  const judged = subnets.filter(({ filter }) => filter?.flushConnection === true).map(({ group }) => group);
  if (judged.length === 0) return ['ct state established,related accept'];
  const to = (direction: string, name: string) =>
    verdicts(
      `ct state established ct direction ${direction} meta ${side}`,
      judged.map((group) => [group, `goto ${name}${group}`]),
    );
  return [
    ...to('reply', chains.answers),
    ...(chains.asked === undefined
      ? // What follows judges the rest of those subnets as if each packet were the first.
        [`ct state established meta ${side} != { ${judged.join(', ')} } accept`, 'ct state related accept']
      : [...to('original', chains.asked), 'ct state established,related accept']),
  ];
}

function groupChains({ group, filter }: SubnetPlan): readonly string[] {
  if (filter === undefined) return [];
  const platform = chain(`platform${group}`, undefined, [...filter.platform.flatMap(filterLines), 'accept']);
  return [
    chain(`out${group}`, undefined, [...filter.outbound.flatMap(filterLines), 'counter drop']),
    chain(`in${group}`, undefined, [...filter.inbound.flatMap(filterLines), 'counter drop']),
    ...(filter.platform.length === 0 ? [] : [platform]),
    ...(filter.flushConnection ? answerChains(group, filter) : []),
  ];
}

/** For the packets that answer a flow: of one that came in, and of one that went out. */
function answerChains(group: number, { inbound, outbound }: SubnetFilter): readonly string[] {
  return [
    chain(`answerin${group}`, undefined, [...inbound.flatMap(answerLines), 'counter drop']),
    // The platform's answers: its own tags governed what was asked.
    chain(`answerout${group}`, undefined, [`ip saddr ${dns} accept`, ...outbound.flatMap(answerLines), 'counter drop']),
  ];
}

/** The service endpoint: the vaults' address leads to the listener of the subnet, with the source kept. */
function endpointChain(): string {
  return chain('endpoint', 'nat hook prerouting priority dstnat; policy accept', [
    `ip daddr ${vaults} tcp dport 443 redirect to :meta iifgroup map @endpoints`,
    `ip daddr ${metadata} tcp dport 80 redirect to :meta iifgroup map @metadata`,
  ]);
}

/** There is no direct way to a listener: only a redirected flow reaches one. */
function inputChain(): string {
  return chain('input', 'filter hook input priority filter; policy drop', [
    'iifname "lo" accept',
    `${anyWorkload} meta l4proto tcp ct status dnat accept`,
    `${anyWorkload} ip daddr ${formatIpv4(routerAddress)} icmp type echo-request accept`,
    'counter drop',
  ]);
}

function forwardChain({ subnets, peers }: RouterPlan, endpoints: readonly SubnetPlan[]): string {
  const groups = (some: readonly SubnetPlan[]) => `{ ${some.map(({ group }) => group).join(', ')} }`;
  const outbound = subnets.filter((subnet) => subnet.outbound.length > 0);
  const unfiltered = subnets.filter(({ filter }) => filter === undefined);
  const closed = unfiltered.length === 0 ? [] : peers.filter(({ access }) => !access);
  return chain('forward', 'filter hook forward priority filter; policy drop', [
    // The endpoint's route leads all of the vaults' address into it, flows from before the switch too.
    ...(endpoints.length === 0 ? [] : [`meta iifgroup ${groups(endpoints)} ip daddr ${vaults} counter drop`]),
    `ip daddr ${links} counter drop`,
    'ct state invalid counter drop',
    ...openFlows('oifgroup', subnets, { answers: 'answerout', asked: 'in' }),
    `iifname "${outsideWire}" counter drop`,
    ...(outbound.length === 0 ? [] : [`${toOutside} ${anyWorkload} meta mark ${groups(outbound)} accept`]),
    `${toOutside} ${anyWorkload} ip daddr ${dns} meta l4proto { tcp, udp } th dport 53 accept`,
    `${toOutside} counter drop`,
    // A side that gives no access: only a security group that names the addresses lets them through.
    ...closed.flatMap(({ number }) => [
      `oifname "${peerWire(number)}" meta iifgroup ${groups(unfiltered)} counter drop`,
      `iifname "${peerWire(number)}" meta oifgroup ${groups(unfiltered)} counter drop`,
    ]),
    ...peers.map((peer) => `oifname "${peerWire(peer.number)}" ${anyWorkload} accept`),
    ...verdicts(
      'meta oifgroup',
      subnets.map(({ group, filter }) => [group, filter === undefined ? 'accept' : `goto in${group}`]),
    ),
    'counter drop',
  ]);
}

/** New flows get a public address of their subnet. Nothing leaves with any other. */
function translationChains({ number, subnets }: RouterPlan): readonly string[] {
  const own = formatIpv4(routerLinkAddress(number));
  const translated = subnets.filter(({ outbound }) => outbound.length > 0);
  const addresses = [...new Set(translated.flatMap(({ outbound }) => outbound))].map(formatIpv4);
  return [
    ...translated.map(({ group, outbound }) => chain(`public${group}`, undefined, [translation(outbound)])),
    chain('translate', 'nat hook postrouting priority srcnat; policy accept', [
      `oifname != "${outsideWire}" accept`,
      // Every subnet asks the platform's DNS, also one without a public address.
      `ip daddr ${dns} snat ip to ${own}`,
      ...verdicts(
        'meta mark',
        translated.map(({ group }) => [group, `goto public${group}`]),
      ),
    ]),
    chain('leaving', 'filter hook postrouting priority srcnat + 10; policy accept', [
      `${toOutside} ip saddr != { ${[own, ...addresses].join(', ')} } counter name untranslated drop`,
    ]),
  ];
}

/** A workload keeps one of several addresses, as long as their number stays. */
function translation(addresses: readonly number[]): string {
  const [only, ...more] = addresses.map(formatIpv4);
  if (more.length === 0) return `snat ip to ${only}`;
  const choices = addresses.map((address, index) => `${index} : ${formatIpv4(address)}`);
  return `snat ip to jhash ip saddr mod ${addresses.length} seed 1 map { ${choices.join(', ')} }`;
}

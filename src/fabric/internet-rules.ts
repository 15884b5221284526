import { formatIpv4 } from '../address/address.ts';
import { platformDns, routerLinkAddress, services } from './addresses.ts';
import { flowLimits, usualFlowLimits } from './flow-limits.ts';
import { networkWire, workloadWire } from './naming.ts';
import { chain, element, ownersSet, replacement } from './nft-text.ts';
import type { InternetHost, InternetPlan } from './plan.ts';

/**
 * The whole packet filter of the internet namespace, as a script for `nft -f`. Routers and hosts reach the services,
 * DNS and hosts. Nothing there begins a flow to a network: as on Azure, a NAT address takes only answers.
 */
export function internetRules({ routers, hosts }: InternetPlan, { workload, network } = usualFlowLimits): string {
  const owners = routers.flatMap(({ number, publicAddresses }) =>
    [routerLinkAddress(number), ...publicAddresses].map((each) => `"${networkWire(number)}" . ${formatIpv4(each)}`),
  );
  const public443 = Object.values(services).map(formatIpv4).join(', ');
  const limits = flowLimits([
    ['v*', network],
    ['w*', workload],
  ]);
  const filter = replacement([
    'counter spoofed { }',
    ownersSet([...owners, ...hosts.map(hostElement)]),
    chain('source', 'filter hook prerouting priority raw; policy accept', [
      'iifname "lo" accept',
      'meta nfproto ipv6 counter drop',
      'iifname . ip saddr != @owners counter name spoofed drop',
    ]),
    chain('input', 'filter hook input priority filter; policy drop', [
      'iifname "lo" accept',
      'ct state established,related accept',
      `ip daddr { ${public443} } tcp dport 443 accept`,
      `ip daddr ${formatIpv4(platformDns)} meta l4proto { tcp, udp } th dport 53 accept`,
      'counter drop',
    ]),
    chain('forward', 'filter hook forward priority filter; policy drop', [
      'ct state established,related accept',
      'oifname "w*" accept',
      'counter drop',
    ]),
  ]);
  return limits + filter;
}

/** Lets a host send from its address, without replacing the rest. */
export function addHost(host: InternetHost): string {
  return element('add', 'owners', hostElement(host));
}

/** Takes that back. It fails if the host is not there. */
export function deleteHost(host: InternetHost): string {
  return element('delete', 'owners', hostElement(host));
}

function hostElement({ number, address }: InternetHost): string {
  return `"${workloadWire(number)}" . ${formatIpv4(address)}`;
}

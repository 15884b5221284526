import { chain } from './nft-text.ts';

/**
 * How many connections are followed for one wire at once. The kernel follows so many in each namespace
 * (`net.netfilter.nf_conntrack_max`, 65,536 on a small machine), and a new one is dropped when there is no more room.
 */
export interface FlowLimits {
  /** Of a workload in its network, and of a host on the internet. */
  readonly workload: number;
  /** Of a network on the internet, and in the network of a peer. */
  readonly network: number;
}

export const usualFlowLimits: FlowLimits = { workload: 4_096, network: 16_384 };

const table = 'inet limits';

/** A wire's name as nft matches it, and its limit. */
type WireLimit = readonly [wires: string, most: number];

/**
 * The limits of a namespace, as a script for `nft -f`. They have a table of their own: what is counted in it outlives a
 * change of the filter.
 */
export function flowLimits(limits: readonly WireLimit[]): string {
  const declared = ['counter crowded { }', 'set flows { type ifname; flags dynamic; }'];
  // Before the redirect, where each flow is still the one that the workload began.
  const hook = 'filter hook prerouting priority mangle - 10; policy accept';
  const rules = limits.map(
    ([wires, most]) =>
      `iifname "${wires}" ct state new add @flows { iifname ct count over ${most} } counter name crowded drop`,
  );
  return [
    `table ${table} {`,
    ...declared,
    chain('new', hook, []),
    '}',
    `flush chain ${table} new`,
    `table ${table} {`,
    chain('new', undefined, rules),
    '}',
    '',
  ].join('\n');
}

import { defaultOutboundPool } from './addresses.ts';
import type { FabricState } from './state.ts';

/** The numbers that stand for names in interfaces, ports and rules: no name of a resource is ever part of those. */
export interface Allocation {
  /** The number of each network, by its `resourceGuid`. */
  readonly networks: Readonly<Record<string, number>>;
  /** By the subnet's incarnation. */
  readonly subnets: Readonly<Record<string, SubnetNumbers>>;
}

export interface SubnetNumbers {
  /** The `resourceGuid` of its network. */
  readonly network: string;
  /** The link group of its wires, unique in its network; also the packet mark and the number of its route table. */
  readonly group: number;
  /** Its default outbound address: absent where it is not allowed one, has a NAT gateway, or the pool is used up. */
  readonly outboundAddress?: number;
}

export const emptyAllocation: Allocation = { networks: {}, subnets: {} };

/** The most networks (`routerLinkAddress` has so many addresses) and subnets of a network (each has two ports). */
export const networksMax = 32_000;
const subnetsMax = 9_999;

/** The port of the vaults' listener of a subnet in its network's router. */
export function vaultPort(group: number): number {
  return 10_000 + group;
}

/** The port of the metadata listener of a subnet in its network's router. */
export function metadataPort(group: number): number {
  return 20_000 + group;
}

/**
 * Gives numbers to what has none, and keeps every number that is in use. A number is free once its owner is gone from
 * `previous` too: a network or subnet never gets the number of one that ends with the same change, whose flows and
 * interfaces still exist.
 */
export function allocate(previous: Allocation, state: FabricState): Allocation {
  const networks = numbered(
    state.virtualNetworks.map(({ resourceGuid }) => resourceGuid),
    new Map(Object.entries(previous.networks)),
    networksMax,
  );
  const outbound = outboundAddresses(previous, state);
  const subnets: Record<string, SubnetNumbers> = {};
  for (const network of state.virtualNetworks) {
    const before = Object.entries(previous.subnets).filter(([, numbers]) => numbers.network === network.resourceGuid);
    const groups = numbered(
      network.subnets.map(({ incarnation }) => incarnation),
      new Map(before.map(([incarnation, { group }]) => [incarnation, group])),
      subnetsMax,
    );
    for (const [incarnation, group] of groups) {
      const outboundAddress = outbound.get(incarnation);
      const numbers = { network: network.resourceGuid, group };
      subnets[incarnation] = outboundAddress === undefined ? numbers : { ...numbers, outboundAddress };
    }
  }
  return { networks: Object.fromEntries(networks), subnets };
}

function outboundAddresses(previous: Allocation, state: FabricState): ReadonlyMap<string, number> {
  const wanted = state.virtualNetworks
    .flatMap(({ subnets }) => subnets)
    .filter((subnet) => subnet.defaultOutboundAccess && subnet.publicAddresses.length === 0);
  const { first, last } = defaultOutboundPool;
  const before = new Map<string, number>();
  for (const [incarnation, { outboundAddress }] of Object.entries(previous.subnets)) {
    if (outboundAddress !== undefined) before.set(incarnation, outboundAddress - first + 1);
  }
  const numbers = numbered(
    wanted.map(({ incarnation }) => incarnation),
    before,
    last - first + 1,
  );
  return new Map([...numbers].map(([incarnation, number]) => [incarnation, first + number - 1]));
}

/** The numbers 1 to `most` for these keys; keys beyond are left without one. */
function numbered(keys: readonly string[], before: ReadonlyMap<string, number>, most: number): Map<string, number> {
  const taken = new Set(before.values());
  const numbers = new Map<string, number>();
  let next = 1;
  for (const key of keys) {
    const kept = before.get(key);
    if (kept !== undefined) {
      numbers.set(key, kept);
      continue;
    }
    while (taken.has(next)) next += 1;
    if (next > most) continue;
    taken.add(next);
    numbers.set(key, next);
  }
  return numbers;
}

import { formatIpv4, formatRange, givenAddresses, parseIpv4, parseRange, type Range } from '../address/address.ts';
import { defaultOutboundPool, describePool, poolAt, privateBlocks } from './addresses.ts';
import { FabricFailed } from './failed.ts';
import type { FabricState, SubnetState, VirtualNetworkState } from './state.ts';
import { subnetNamed } from './subnet-named.ts';

export interface SubnetPlace {
  readonly network: VirtualNetworkState;
  readonly subnet: SubnetState;
}

/**
 * The subnet that a user names: `VNET/SUBNET`, or an ARM id.
 * @throws {FabricFailed} when there is none, or several networks have the name
 */
export function findSubnet(state: FabricState, asked: string): SubnetPlace {
  const all = state.virtualNetworks.flatMap((network) =>
    network.subnets.map((subnet) => ({ network, subnet, id: subnet.id, place: nameOf({ network, subnet }) })),
  );
  const { network, subnet } = subnetNamed(all, asked, (message, hint) => new FabricFailed(message, hint));
  return { network, subnet };
}

export function nameOf({ network, subnet }: SubnetPlace): string {
  return `${network.name}/${subnet.name}`;
}

/**
 * The address of a new workload: the one that was asked for, or the first that is free.
 * @param taken the addresses of the other workloads in the network
 * @throws {FabricFailed} when it cannot be had
 */
export function addressIn(place: SubnetPlace, asked: string | undefined, taken: ReadonlySet<number>): number {
  const { first, last } = place.subnet.addressPrefix;
  const { first: least, last: most } = givenAddresses({ first, last });
  if (asked === undefined) {
    for (let address = least; address <= most; address += 1) if (!taken.has(address)) return address;
    throw new FabricFailed(
      `All addresses of ${nameOf(place)} are taken.`,
      'End a workload, or make the subnet larger.',
    );
  }
  const address = readAddress(asked);
  const free = `Give one from ${formatIpv4(least)} to ${formatIpv4(most)}, or leave --address out.`;
  if (address < first || address > last) {
    const range = formatRange(place.subnet.addressPrefix);
    throw new FabricFailed(`${asked} is outside of the subnet ${nameOf(place)} (${range}).`, free);
  }
  if (address < least || address > most) {
    throw new FabricFailed(
      `${asked} is reserved: Azure keeps the first four addresses of a subnet and the last.`,
      free,
    );
  }
  if (taken.has(address))
    throw new FabricFailed(`Another workload has the address ${asked} of ${nameOf(place)}.`, free);
  return address;
}

/**
 * The address of a new host on the internet.
 * @throws {FabricFailed} when it is one of another pool, or another host has it
 */
export function addressOfHost(asked: string, publicAddressPool: Range, taken: ReadonlySet<number>): number {
  const address = readAddress(asked);
  const hint = 'Give an address of 203.0.113.0/25, or another public one.';
  const isIn = ({ first, last }: Range): boolean => address >= first && address <= last;
  const range = parseRange(asked);
  const pool = range.ok ? poolAt(range.range, publicAddressPool) : undefined;
  if (isIn(defaultOutboundPool)) {
    throw new FabricFailed(
      `${asked} is one of the addresses of default outbound access (${formatRange(defaultOutboundPool)}).`,
      hint,
    );
  }
  if (pool !== undefined && !isIn(documentation))
    throw new FabricFailed(`${asked} is one of ${describePool(pool)}.`, hint);
  if (privateBlocks.some(isIn))
    throw new FabricFailed(`${asked} is a private address, which no host on the internet has.`, hint);
  if (taken.has(address)) throw new FabricFailed(`Another host on the internet has the address ${asked}.`, hint);
  return address;
}

/** TEST-NET-3 (RFC 5737): the hosts' own part of it is what default outbound access does not use. */
const documentation: Range = { ...defaultOutboundPool, first: defaultOutboundPool.first - 128, prefix: 24 };

function readAddress(text: string): number {
  const address = parseIpv4(text);
  if (address === undefined) throw new FabricFailed(`'${text}' is not an IPv4 address.`, 'Give one such as 10.0.0.4.');
  return address;
}

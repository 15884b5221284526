import { isIPv4 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { contains, formatIpv4, formatRange, networkOf, overlaps, parseIpv4, parseRange } from '../address/address.ts';
import type { Range } from '../address/address.ts';
import { accept } from '../shape/fault.ts';
import type { Shape } from '../shape/shape.ts';
import { SettingRefused } from './refused.ts';
import { natMapping } from './values.ts';
import type { NatMapping } from './values.ts';

/** The interfaces of this machine, in the form of `os.networkInterfaces`. */
export type Interfaces = NodeJS.Dict<readonly Pick<NetworkInterfaceInfo, 'address' | 'cidr' | 'internal'>[]>;

type BridgeAnswer =
  { readonly ok: true; readonly mapping: NatMapping } | { readonly ok: false; readonly message: string };

/** A line of the NAT table, or the word for the line that `bridgeMapping` finds. */
export const natLine: Shape<NatMapping | 'bridge'> = (given) =>
  given === 'bridge' ? accept(given) : natMapping(given);

/**
 * The lines, with those of this machine's bridge network.
 * @throws {SettingRefused} where the bridge network cannot be told, or others would look like its neighbours
 */
export function natTable(
  lines: readonly (NatMapping | 'bridge')[],
  { setting, interfaces }: { readonly setting: string; readonly interfaces: () => Interfaces },
): readonly NatMapping[] {
  return lines.map((line) => {
    if (line !== 'bridge') return line;
    const found = bridgeMapping(interfaces());
    const message = found.ok ? sharedTarget(found.mapping, lines) : found.message;
    if (found.ok && message === undefined) return found.mapping;
    throw new SettingRefused(`${setting}: ${message}`);
  });
}

/** Why a rule that means a neighbour would let in another host. */
function sharedTarget({ to }: NatMapping, lines: readonly (NatMapping | 'bridge')[]): string | undefined {
  const shares = (line: NatMapping) =>
    rangeOf(to).some((one) => rangeOf(line.to).some((other) => overlaps(one, other)));
  const other = lines.filter((line) => line !== 'bridge').find(shares);
  return (
    other &&
    `bridge shows the neighbours as ${to}, and ${other.from}=${other.to} would show others as them: give that range other addresses, such as those of 192.0.2.0/24 or 198.51.100.0/24.`
  );
}

/** Address ranges that a container engine takes the networks of its bridges from (RFC 1918). */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap(rangeOf);

/** TEST-NET-3 and TEST-NET-1 (RFC 5737): rules take them, and no host on the internet has them. */
const shownAs = ['203.0.113.0/24', '192.0.2.0/24'];

/**
 * The NAT table's line for the bridge network of the container that this is: no IP rule can have a private address, so each
 * neighbour is shown as the address of TEST-NET-3 with the same last octet. Of a wider network the /24 around our own address
 * is shown, which is where an engine gives out the first 254; an address outside of it keeps its own, which no rule lets in.
 */
export function bridgeMapping(interfaces: Interfaces): BridgeAnswer {
  const own = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.filter(({ internal, address }) => !internal && isIPv4(address)).map(({ cidr }) => ({ name, cidr })),
  );
  const found = own.flatMap(({ name, cidr }) => {
    const network = bridgeNetwork(cidr);
    return network === undefined ? [] : [{ name, cidr, network }];
  });
  const networks = [...new Set(found.map(({ network }) => network))];
  const [network] = networks;
  if (network === undefined) return { ok: false, message: noBridge(own) };
  if (networks.length > 1) return { ok: false, message: severalBridges(found, networks) };
  return { ok: true, mapping: mappingOf(network, shownAs[0]) };
}

/** Engines give out addresses from both families; the rules of a vault have IPv4 only. */
function bridgeNetwork(cidr: string | null): string | undefined {
  const [address = '', prefix = ''] = (cidr ?? '').split('/');
  const value = parseIpv4(address);
  if (value === undefined || !privateRanges.some((range) => contains(range, { first: value, last: value })))
    return undefined;
  return formatRange(networkOf(value, Math.max(24, Number(prefix))));
}

function mappingOf(network: string, target = ''): NatMapping {
  const [from] = rangeOf(network);
  const [to] = rangeOf(target);
  if (from === undefined || to === undefined) throw new TypeError(`${network} or ${target} is not a range`);
  const first = formatIpv4(to.first + (from.first & 0xff));
  return { from: network, to: `${first}/${from.prefix}` };
}

interface Own {
  readonly name: string;
  readonly cidr: string | null;
}

function listed(own: readonly Own[]): string {
  return own.map(({ name, cidr }) => `${name} ${cidr}`).join(', ');
}

function noBridge(own: readonly Own[]): string {
  const has = own.length === 0 ? 'no IPv4 address besides loopback' : `${listed(own)}, and no private IPv4 address`;
  return `bridge shows the neighbours of a container on a private network, and this machine has ${has}: give the ranges, as in 172.18.0.0/24=203.0.113.0/24.`;
}

function severalBridges(found: readonly Own[], networks: readonly string[]): string {
  const lines = networks
    .map((network, index) => mappingOf(network, shownAs[index % shownAs.length]))
    .map(({ from, to }) => `${from}=${to}`);
  return `bridge cannot tell which network is meant, because this machine has ${listed(found)}: give the ranges, as in ${lines.slice(0, shownAs.length).join(' and ')}.`;
}

function rangeOf(text: string): readonly Range[] {
  const parsed = parseRange(text);
  return parsed.ok ? [parsed.range] : [];
}

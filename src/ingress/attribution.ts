import { contains, parseAddress, parseRange, siteOf } from '../address/address.ts';
import type { Address } from '../types/address.ts';
import type { Source } from '../types/source.ts';
import type { DeclaredPlace } from './declared-places.ts';
import { readGuid } from './gateway-certificate.ts';
import { translate, type NatTable } from './nat.ts';
import type { ProxyHeader } from './proxy-header.ts';
import type { Refusal } from './refusal.ts';

interface SubnetInVnet {
  /** The lower-case ARM id. */
  readonly subnet: string;
  /** If it is known. */
  readonly addressPrefix?: string | undefined;
}

/** The subnets that the ingress knows. An incarnation is the GUID that a subnet gets when it is created. */
export interface SubnetDirectory {
  /** `gone` is also the answer for a subnet that is not known here: call `lookUp` before refusing it. */
  state(incarnation: string): 'live' | 'endpointOff' | 'gone';
  /** The subnet, if it is in the virtual network with this resource GUID. */
  inVnet(vnet: string, incarnation: string): SubnetInVnet | undefined;
  /** Reads the subnet from the store; afterwards `state` and `inVnet` know it, if it exists. */
  lookUp(incarnation: string): Promise<void>;
}

export type Attribution =
  { readonly ok: true; readonly source: Source } | { readonly ok: false; readonly refusal: Refusal };

/** The TLV in which a gateway names the subnet; 0xE0 to 0xEF are for custom use (proxy-protocol.txt section 2.2.7). */
const tlvSubnet = 0xe1;

/**
 * A connection of the proxy itself, relayed for no client. It may ask for our health, and nothing that needs a source.
 */
const notRelayed: Attribution = {
  ok: true,
  source: { kind: 'unknown', reason: 'the proxy speaks for itself (PROXY LOCAL or UNKNOWN), not for a client' },
};

export function attributePublic(nat: NatTable, remoteAddress: string | undefined): Attribution {
  const address = remoteAddress === undefined ? undefined : parseAddress(remoteAddress);
  if (address !== undefined) return { ok: true, source: { kind: 'public', address: translate(nat, address) } };
  const reason = `the address ${remoteAddress ?? 'of a closed connection'} cannot be read`;
  return { ok: true, source: { kind: 'unknown', reason } };
}

export interface Subnet {
  readonly subnet: string;
  readonly incarnation: string;
}

/** An address that a test says a connection comes from: a public one, or a private one of the subnet. */
export interface SeenAs {
  readonly address: string;
  readonly subnet?: Subnet;
}

/**
 * A connection of the program that the server runs in, where loopback may have 127.0.0.1 only. The program could change
 * the server itself, so that nothing needs a proof.
 */
export function attributeSeenAs(directory: SubnetDirectory, { address, subnet }: SeenAs): Attribution {
  if (subnet === undefined) return attributePublic([], address);
  return attributeSubnet(directory, subnet, parseAddress(address));
}

/** A connection of the subnet to the vaults, with the workload's private address. */
export function attributeSubnet(directory: SubnetDirectory, subnet: Subnet, address: Address | undefined): Attribution {
  const { incarnation } = subnet;
  if (directory.state(incarnation) === 'endpointOff')
    return { ok: false, refusal: { kind: 'endpointOff', incarnation } };
  return attributeMetadata(directory, subnet, address);
}

/** Likewise, to the subnet's instance metadata: the service endpoint is for the vaults only. */
export function attributeMetadata(
  directory: SubnetDirectory,
  { subnet, incarnation }: Subnet,
  address: Address | undefined,
): Attribution {
  if (directory.state(incarnation) === 'gone') return { ok: false, refusal: { kind: 'subnetGone', incarnation } };
  if (address?.family !== 4) return { ok: false, refusal: { kind: 'notIpv4' } };
  return { ok: true, source: { kind: 'subnet', subnet, incarnation, address, assurance: 'enforced' } };
}

/** A connection of a program that showed the credential of the place: nothing says that it is there. */
export function attributeDeclared(directory: SubnetDirectory, place: DeclaredPlace): Attribution {
  const attribution = attributeSubnet(directory, place, place.address);
  if (!attribution.ok || attribution.source.kind !== 'subnet') return attribution;
  return { ok: true, source: { ...attribution.source, assurance: 'declared' } };
}

/** The source of a connection from a gateway that is bound to the virtual network `vnet`. */
export function attributeGateway(directory: SubnetDirectory, vnet: string, header: ProxyHeader): Attribution {
  if (header.relayed === undefined) return notRelayed;
  const named = header.tlvs.get(tlvSubnet);
  const incarnation = named === undefined ? undefined : readGuid(Buffer.from(named).toString('latin1'));
  if (incarnation === undefined) return { ok: false, refusal: { kind: 'subnetNotNamed' } };
  if (directory.state(incarnation) === 'gone') return { ok: false, refusal: { kind: 'subnetGone', incarnation } };
  const found = directory.inVnet(vnet, incarnation);
  if (found === undefined) return { ok: false, refusal: { kind: 'subnetOfAnotherVnet', incarnation } };
  const { source } = header.relayed;
  const { subnet, addressPrefix } = found;
  if (addressPrefix !== undefined && source.family === 4 && !isWithin(addressPrefix, source.value))
    return { ok: false, refusal: { kind: 'addressOutside', address: source.text, addressPrefix } };
  return attributeSubnet(directory, { subnet, incarnation }, source);
}

function isWithin(addressPrefix: string, address: number): boolean {
  const parsed = parseRange(addressPrefix);
  return parsed.ok && contains(parsed.range, { first: address, last: address });
}

/** The source of a connection from a trusted load balancer. No NAT table: the header has the address that it saw. */
export function attributeLoadBalancer(header: ProxyHeader): Attribution {
  if (header.relayed === undefined) return notRelayed;
  return { ok: true, source: { kind: 'public', address: header.relayed.source } };
}

/** The key that a source's connections are counted under; `undefined` where the source is unknown. */
export function placeOf(source: Source): string | undefined {
  if (source.kind === 'unknown') return undefined;
  const site = siteOf(source.address);
  return source.kind === 'subnet' ? `${source.incarnation} ${site}` : site;
}

/**
 * A check whether an address is one of `senders`: IPv4 ranges, or addresses of either family as the kernel prints them.
 */
export function senderCheck(senders: readonly string[]): (remoteAddress: string | undefined) => boolean {
  const ranges = senders.flatMap((sender) => {
    const parsed = parseRange(sender);
    return parsed.ok ? [parsed.range] : [];
  });
  const addresses = new Set(senders);
  return (remoteAddress) => {
    const address = remoteAddress === undefined ? undefined : parseAddress(remoteAddress);
    if (address === undefined) return false;
    if (address.family === 6) return addresses.has(address.text);
    return ranges.some((range) => range.first <= address.value && address.value <= range.last);
  };
}

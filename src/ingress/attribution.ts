import { parseAddress, parseRange, siteOf } from '../address/address.ts';
import type { Address } from '../types/address.ts';
import type { Source } from '../types/source.ts';
import { readGuid } from './gateway-certificate.ts';
import { translate, type NatTable } from './nat.ts';
import type { ProxyHeader } from './proxy-header.ts';
import type { Refusal } from './refusal.ts';

/** What the ingress knows of subnets. An incarnation is the GUID that a subnet was given when it was created. */
export interface SubnetDirectory {
  /** `gone` is also a subnet that is not known here, so look it up before you refuse it. */
  state(incarnation: string): 'live' | 'endpointOff' | 'gone';
  /** The lower-case ARM id of the subnet, if it lies in the virtual network with this resource GUID. */
  inVnet(vnet: string, incarnation: string): { readonly subnet: string } | undefined;
  /** Reads the subnet from the store; `state` and `inVnet` know it then, if it exists. */
  lookUp(incarnation: string): Promise<void>;
}

export type Attribution =
  { readonly ok: true; readonly source: Source } | { readonly ok: false; readonly refusal: Refusal };

/** The TLV in which a gateway names the subnet; 0xE0 to 0xEF are for custom use (proxy-protocol.txt section 2.2.7). */
const tlvSubnet = 0xe1;

/** A connection that nobody relayed: the proxy's own. It may ask how we are, and nothing that needs a source. */
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

/** A connection of the subnet, with the workload's private address. */
export function attributeSubnet(
  directory: SubnetDirectory,
  { subnet, incarnation }: Subnet,
  address: Address | undefined,
): Attribution {
  const state = directory.state(incarnation);
  if (state === 'gone') return { ok: false, refusal: { kind: 'subnetGone', incarnation } };
  if (state === 'endpointOff') return { ok: false, refusal: { kind: 'endpointOff', incarnation } };
  if (address?.family !== 4) return { ok: false, refusal: { kind: 'notIpv4' } };
  return { ok: true, source: { kind: 'subnet', subnet, incarnation, address, assurance: 'enforced' } };
}

/** What a gateway that is bound to the virtual network `vnet` says of a connection. */
export function attributeGateway(directory: SubnetDirectory, vnet: string, header: ProxyHeader): Attribution {
  if (header.relayed === undefined) return notRelayed;
  const named = header.tlvs.get(tlvSubnet);
  const incarnation = named === undefined ? undefined : readGuid(Buffer.from(named).toString('latin1'));
  if (incarnation === undefined) return { ok: false, refusal: { kind: 'subnetNotNamed' } };
  if (directory.state(incarnation) === 'gone') return { ok: false, refusal: { kind: 'subnetGone', incarnation } };
  const found = directory.inVnet(vnet, incarnation);
  if (found === undefined) return { ok: false, refusal: { kind: 'subnetOfAnotherVnet', incarnation } };
  return attributeSubnet(directory, { subnet: found.subnet, incarnation }, header.relayed.source);
}

/** What a trusted load balancer says of a connection. No NAT table: it gives the address that it saw. */
export function attributeLoadBalancer(header: ProxyHeader): Attribution {
  if (header.relayed === undefined) return notRelayed;
  return { ok: true, source: { kind: 'public', address: header.relayed.source } };
}

/** What a source's connections are counted by; `undefined` where the source is not known. */
export function placeOf(source: Source): string | undefined {
  if (source.kind === 'unknown') return undefined;
  const site = siteOf(source.address);
  return source.kind === 'subnet' ? `${source.incarnation} ${site}` : site;
}

/** Whether an address is one of `senders`: IPv4 ranges, or addresses of either family as the kernel prints them. */
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

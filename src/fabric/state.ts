import { formatRange, parseRange, type Range } from '../address/address.ts';
import { accept, wrong } from '../shape/fault.ts';
import { array, boolean, choice, isGuid, number, object, optional, refine, string } from '../shape/shape.ts';
import type { Shape, Shaped } from '../shape/shape.ts';

/** A newer server may add members: what is not known here has no effect here. */
const open = { ignoredIf: () => true } as const;

/** An IPv4 range in CIDR form. */
const range: Shape<Range> = refine(string, (text) => {
  const read = parseRange(text);
  return read.ok ? accept(read.range) : wrong(text, 'an IPv4 range such as 10.0.0.0/16');
});

/** The IPv4 ranges of a list: the fabric has no IPv6, and drops it. */
const ranges: Shape<readonly Range[]> = refine(array(string), (texts) => {
  const found: Range[] = [];
  for (const text of texts) {
    if (text.includes(':')) continue;
    const read = range(text);
    if (!read.ok) return read;
    found.push(read.value);
  }
  return accept(found);
});

const address: Shape<number> = refine(range, (found) =>
  found.prefix === 32 ? accept(found.first) : wrong(formatRange(found), 'one IPv4 address'),
);

/** In lower case, in which the server writes it. */
const guid: Shape<string> = refine(string, (text) =>
  isGuid(text) ? accept(text.toLowerCase()) : wrong(text, 'a GUID'),
);

const subnet = object(
  {
    id: string,
    name: string,
    incarnation: guid,
    addressPrefix: range,
    serviceEndpoint: boolean,
    publicAddresses: array(address),
    defaultOutboundAccess: boolean,
    // `null` counts as absent.
    securityGroup: optional(string),
    routeTable: optional(string),
  },
  open,
);

const peering = object(
  {
    name: string,
    remote: string,
    remoteGuid: guid,
    state: choice(['Initiated', 'Connected', 'Disconnected']),
    allowVirtualNetworkAccess: boolean,
    allowForwardedTraffic: boolean,
  },
  open,
);

const virtualNetwork = object(
  {
    id: string,
    name: string,
    resourceGuid: guid,
    addressPrefixes: ranges,
    /** DNS servers of its own, in the place of the platform's. */
    dnsServers: optional(array(string), []),
    /** Whether `encryption` asks that nothing passes which is not encrypted. */
    dropUnencrypted: optional(boolean, false),
    subnets: array(subnet),
    peerings: array(peering),
  },
  open,
);

const rule = object(
  {
    name: string,
    priority: number,
    direction: choice(['Inbound', 'Outbound']),
    access: choice(['Allow', 'Deny']),
    protocol: choice(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']),
    sourcePrefixes: array(string),
    sourcePorts: array(string),
    destinationPrefixes: array(string),
    destinationPorts: array(string),
  },
  open,
);

const route = object(
  {
    name: string,
    addressPrefix: string,
    nextHopType: choice(['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None']),
    nextHopIpAddress: optional(string),
  },
  open,
);

const routeTable = object({ id: string, routes: array(route) }, open);

const securityGroup = object({ id: string, rules: array(rule), flushConnection: optional(boolean, false) }, open);

/** Reads the answer of `GET /providers/Postern.Fabric/networks`. */
export const fabricState = object(
  {
    version: string,
    publicAddressPool: range,
    virtualNetworks: array(virtualNetwork),
    securityGroups: array(securityGroup),
    routeTables: array(routeTable),
  },
  open,
);

/** The networks as the resource manager has them. Addresses are numbers; ids of resources are compared in any case. */
export type FabricState = Shaped<typeof fabricState>;
export type VirtualNetworkState = Shaped<typeof virtualNetwork>;
export type SubnetState = Shaped<typeof subnet>;
export type SecurityGroupState = Shaped<typeof securityGroup>;
export type SecurityRule = Shaped<typeof rule>;
export type RouteTableState = Shaped<typeof routeTable>;

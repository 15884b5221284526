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

/** Text without control characters: it is printed at root's terminal, and the worker may be in an attacker's hands. */
const line: Shape<string> = refine(string, (text) =>
  /\p{Cc}/u.test(text) ? wrong(text, 'text without control characters') : accept(text),
);

const subnet = object(
  {
    id: line,
    name: line,
    incarnation: guid,
    addressPrefix: range,
    serviceEndpoint: boolean,
    publicAddresses: array(address),
    defaultOutboundAccess: boolean,
    // `null` counts as absent.
    securityGroup: optional(line),
    routeTable: optional(line),
  },
  open,
);

const peering = object(
  {
    name: line,
    remote: line,
    remoteGuid: guid,
    state: choice(['Initiated', 'Connected', 'Disconnected']),
    allowVirtualNetworkAccess: boolean,
    allowForwardedTraffic: boolean,
  },
  open,
);

const virtualNetwork = object(
  {
    id: line,
    name: line,
    resourceGuid: guid,
    addressPrefixes: ranges,
    /** DNS servers of its own, in the place of the platform's. */
    dnsServers: optional(array(line), []),
    /** Whether `encryption` asks that nothing passes which is not encrypted. */
    dropUnencrypted: optional(boolean, false),
    subnets: array(subnet),
    peerings: array(peering),
  },
  open,
);

const rule = object(
  {
    name: line,
    priority: number,
    direction: choice(['Inbound', 'Outbound']),
    access: choice(['Allow', 'Deny']),
    protocol: choice(['Tcp', 'Udp', 'Icmp', 'Esp', 'Ah', '*']),
    sourcePrefixes: array(line),
    sourcePorts: array(line),
    destinationPrefixes: array(line),
    destinationPorts: array(line),
  },
  open,
);

const route = object(
  {
    name: line,
    addressPrefix: line,
    nextHopType: choice(['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None']),
    nextHopIpAddress: optional(line),
  },
  open,
);

const routeTable = object({ id: line, routes: array(route) }, open);

const securityGroup = object({ id: line, rules: array(rule), flushConnection: optional(boolean, false) }, open);

/** Reads the answer of `GET /providers/Postern.Fabric/networks`. */
export const fabricState = object(
  {
    version: line,
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

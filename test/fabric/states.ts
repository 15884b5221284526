import type { FabricState } from '../../src/fabric/state.ts';
import { fabricState } from '../../src/fabric/state.ts';

/** Members of a subnet as the resource manager sends them. */
export interface SubnetSent {
  readonly addressPrefix?: string;
  readonly serviceEndpoint?: boolean;
  readonly publicAddresses?: readonly string[];
  readonly defaultOutboundAccess?: boolean;
  readonly securityGroup?: string | null;
  readonly routeTable?: string | null;
}

export interface NetworkSent {
  readonly addressPrefixes?: readonly string[];
  readonly subnets?: Readonly<Record<string, SubnetSent>>;
  readonly peers?: readonly PeerSent[];
  readonly dnsServers?: readonly string[];
  readonly dropUnencrypted?: boolean;
}

interface PeerSent {
  readonly to: string;
  readonly state?: string;
  readonly allowVirtualNetworkAccess?: boolean;
}

export interface RuleSent {
  readonly priority: number;
  readonly direction?: string;
  readonly access?: string;
  readonly protocol?: string;
  readonly sourcePrefixes?: readonly string[];
  readonly sourcePorts?: readonly string[];
  readonly destinationPrefixes?: readonly string[];
  readonly destinationPorts?: readonly string[];
}

/** A whole state; what is not given has Azure's usual value. */
export interface Sent {
  readonly publicAddressPool?: string;
  readonly networks?: Readonly<Record<string, NetworkSent>>;
  readonly groups?: Readonly<Record<string, readonly RuleSent[]>>;
  /** The ids of the groups that govern open flows too. */
  readonly flushing?: readonly string[];
  readonly tables?: Readonly<Record<string, readonly object[]>>;
}

/** The GUID that stands for a name: another for another name. */
export function guidOf(name: string): string {
  const digits = Buffer.from(name).toString('hex').padStart(32, '0').slice(-32);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Reads a state as the resource manager would send it; what is not given has Azure's usual value. */
export function stateOf({
  publicAddressPool,
  networks = {},
  groups = {},
  flushing = [],
  tables = {},
}: Sent): FabricState {
  const read = fabricState({
    version: '1',
    publicAddressPool: publicAddressPool ?? '198.51.100.0/24',
    virtualNetworks: Object.entries(networks).map(([name, network]) => networkSent(name, network)),
    securityGroups: Object.entries(groups).map(([id, rules]) => ({
      id,
      rules: [...rules.map(ruleSent), ...defaults],
      flushConnection: flushing.includes(id),
    })),
    routeTables: Object.entries(tables).map(([id, routes]) => ({ id, routes })),
  });
  if (!read.ok) throw new Error(JSON.stringify(read.fault));
  return read.value;
}

function networkSent(
  name: string,
  { addressPrefixes = ['10.0.0.0/16'], subnets = {}, peers = [], ...others }: NetworkSent,
) {
  return {
    ...others,
    id: `/vnets/${name}`,
    name,
    resourceGuid: guidOf(name),
    addressPrefixes,
    subnets: Object.entries(subnets).map(([subnet, sent]) => ({
      id: `/vnets/${name}/subnets/${subnet}`,
      name: subnet,
      incarnation: guidOf(`${name}/${subnet}`),
      addressPrefix: '10.0.0.0/24',
      serviceEndpoint: false,
      publicAddresses: [],
      defaultOutboundAccess: true,
      securityGroup: null,
      routeTable: null,
      ...sent,
    })),
    peerings: peers.map(({ to, state = 'Connected', allowVirtualNetworkAccess = true }) => ({
      name: `to-${to}`,
      remote: `/vnets/${to}`,
      remoteGuid: guidOf(to),
      state,
      allowVirtualNetworkAccess,
      allowForwardedTraffic: false,
    })),
  };
}

function ruleSent(sent: RuleSent): object {
  const [any, direction, access] = [['*'], 'Outbound', 'Allow'];
  const prefixes = { sourcePrefixes: any, sourcePorts: any, destinationPrefixes: any, destinationPorts: any };
  return { name: `rule-${sent.priority}`, direction, access, protocol: '*', ...prefixes, ...sent };
}

/** Azure's default rules. https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview */
const defaults: readonly object[] = (
  [
    [65_000, 'Inbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'],
    [65_001, 'Inbound', 'Allow', 'AzureLoadBalancer', '*'],
    [65_500, 'Inbound', 'Deny', '*', '*'],
    [65_000, 'Outbound', 'Allow', 'VirtualNetwork', 'VirtualNetwork'],
    [65_001, 'Outbound', 'Allow', '*', 'Internet'],
    [65_500, 'Outbound', 'Deny', '*', '*'],
  ] as const
).map(([priority, direction, access, from, to]) =>
  ruleSent({ priority, direction, access, sourcePrefixes: [from], destinationPrefixes: [to] }),
);

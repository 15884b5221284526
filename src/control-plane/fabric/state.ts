import { createHash } from 'node:crypto';
import { itemsOf, kindOf } from '../../resources/any/kinds.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import {
  inSubscription,
  isResourceGroupName,
  parseScope,
  resourceId,
  resourceKey,
  virtualNetworkId,
} from '../../resources/keys.ts';
import { defaultSecurityRules } from '../../resources/networks/security-rules.ts';
import type { Item } from '../../resources/networks/security-rules.ts';
import { hasKeyVaultEndpoint } from '../../resources/networks/virtual-networks.ts';
import { membersOf } from '../../resources/refusal.ts';
import type { Key } from '../../store/keys.ts';
import { readRecords } from '../../store/records.ts';
import type { Stored } from '../../store/records.ts';
import type { Store } from '../../store/store.ts';
import type { PeeringRecord, SubnetRecord, VirtualNetworkRecord } from '../../types/network.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { walk } from '../list.ts';

interface Asked {
  readonly subscriptionId: string;
  readonly publicAddressPool: string;
}

type Networks = ReturnType<typeof contentOf>;

/**
 * What a fabric must know to build the networks of a subscription: the networks, and the network security groups and
 * route tables that their subnets refer to. `version` is a digest of all the rest, so that it also means the same
 * after the server was started again.
 * @throws {Conflict} when one of the networks changes meanwhile
 */
export async function readNetworks(store: Store, asked: Asked): Promise<{ readonly version: string } & Networks> {
  const networks: Stored<VirtualNetworkRecord>[] = [];
  for await (const some of walk(store, inSubscription('virtual-network', asked.subscriptionId))) networks.push(...some);
  const subnets = networks.flatMap(({ value }) => value.subnets);
  const content = contentOf(asked, {
    networks: networks.map(({ value }) => value),
    resources: await readReferences(store, { subnets, require: networks }),
  });
  const version = createHash('sha256').update(JSON.stringify(content)).digest('base64url');
  return { version, ...content };
}

const references = { securityGroup: 'networkSecurityGroup', routeTable: 'routeTable' } as const;

/** By ARM id in lower case. They are read in the snapshot in which every network is still what it was. */
async function readReferences(
  store: Store,
  { subnets, require }: { readonly subnets: readonly SubnetRecord[]; readonly require: Stored<unknown>[] },
): Promise<ReadonlyMap<string, ResourceRecord>> {
  const keys = new Set(
    subnets.flatMap(({ others }) =>
      Object.values(references).flatMap((member) => keyOf(idIn(others[member]), knownTypes[member]) ?? []),
    ),
  );
  const records = await readRecords(store, {
    require: require.map(({ key, version }) => ({ key, version })),
    get: [...keys],
  });
  return new Map(
    records.flatMap((record) =>
      record === undefined ? [] : [[resourceId(record.value).toLowerCase(), record.value] as const],
    ),
  );
}

/** The key of the resource with that ARM id; `undefined` if the id cannot be one of that type. */
function keyOf(id: string, type: string): Key<ResourceRecord> | undefined {
  const { subscriptionId = '', resourceGroup = '', type: found, names = [] } = parseScope(id) ?? {};
  if (found?.toLowerCase() !== type.toLowerCase() || !isResourceGroupName(resourceGroup)) return undefined;
  return resourceKey({ subscriptionId, resourceGroup }, type, names);
}

function idIn(reference: unknown): string {
  const { id } = membersOf(reference);
  return typeof id === 'string' ? id : '';
}

interface Read {
  readonly networks: readonly VirtualNetworkRecord[];
  readonly resources: ReadonlyMap<string, ResourceRecord>;
}

function contentOf({ publicAddressPool }: Asked, { networks, resources }: Read) {
  const of = (type: string) => [...resources.values()].filter((resource) => resource.type === type);
  return {
    publicAddressPool,
    virtualNetworks: networks.map((network) => networkOf(network, resources)),
    securityGroups: of(knownTypes.networkSecurityGroup).map((group) => ({
      id: resourceId(group),
      rules: [...itemsIn(group), ...defaultSecurityRules].map(ruleOf),
      flushConnection: group.properties['flushConnection'] === true,
    })),
    routeTables: of(knownTypes.routeTable).map((table) => ({
      id: resourceId(table),
      routes: itemsIn(table).map(routeOf),
    })),
  };
}

function networkOf(network: VirtualNetworkRecord, resources: Read['resources']) {
  const id = virtualNetworkId(network);
  const { name, resourceGuid, addressPrefixes, subnets, peerings = [] } = network;
  const { dhcpOptions, encryption } = network.others;
  const subnetOf = ({ others, ...subnet }: SubnetRecord) => {
    const found = (member: string) => {
      const resource = resources.get(idIn(others[member]).toLowerCase());
      return resource === undefined ? null : resourceId(resource);
    };
    return {
      id: `${id}/subnets/${subnet.name}`,
      name: subnet.name,
      incarnation: subnet.incarnation,
      addressPrefix: subnet.addressPrefix,
      serviceEndpoint: hasKeyVaultEndpoint(subnet),
      publicAddresses: subnet.publicAddresses ?? [],
      // Azure's default, unless a request says otherwise (virtual-network "default outbound access").
      defaultOutboundAccess: others['defaultOutboundAccess'] !== false,
      securityGroup: found(references.securityGroup),
      routeTable: found(references.routeTable),
    };
  };
  return {
    id,
    name,
    resourceGuid,
    addressPrefixes,
    dnsServers: stringsIn(membersOf(dhcpOptions)['dnsServers']),
    dropUnencrypted: isDropping(membersOf(encryption)),
    subnets: subnets.map(subnetOf),
    peerings: peerings.map(peeringOf),
  };
}

function stringsIn(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
}

function isDropping({ enabled, enforcement }: Readonly<Record<string, unknown>>): boolean {
  return enabled === true && String(enforcement).toLowerCase() === 'dropunencrypted';
}

function peeringOf({ name, remote, remoteGuid, state, others }: PeeringRecord) {
  return {
    name,
    remote,
    remoteGuid,
    state,
    allowVirtualNetworkAccess: others['allowVirtualNetworkAccess'] === true,
    allowForwardedTraffic: others['allowForwardedTraffic'] === true,
  };
}

function itemsIn(resource: ResourceRecord): readonly Item[] {
  const items = kindOf(resource.type)?.items;
  return items === undefined ? [] : itemsOf(resource, items);
}

/** A rule with lists only: a request gives one prefix or port by another member than several. */
function ruleOf({ name, properties }: Item) {
  const { priority, direction, access, protocol } = properties;
  return {
    name,
    priority,
    direction,
    access,
    protocol,
    sourcePrefixes: oneOrMore(properties, 'sourceAddressPrefix', 'sourceAddressPrefixes'),
    sourcePorts: oneOrMore(properties, 'sourcePortRange', 'sourcePortRanges'),
    destinationPrefixes: oneOrMore(properties, 'destinationAddressPrefix', 'destinationAddressPrefixes'),
    destinationPorts: oneOrMore(properties, 'destinationPortRange', 'destinationPortRanges'),
  };
}

function oneOrMore(properties: Item['properties'], one: string, more: string): readonly unknown[] {
  const { [one]: single = '', [more]: several } = properties;
  return single === '' || single === null ? (Array.isArray(several) ? several : []) : [single];
}

function routeOf({ name, properties }: Item) {
  const { addressPrefix, nextHopType, nextHopIpAddress } = properties;
  return {
    name,
    addressPrefix,
    nextHopType,
    nextHopIpAddress: typeof nextHopIpAddress === 'string' && nextHopIpAddress !== '' ? nextHopIpAddress : null,
  };
}

import { part, readArray, readChoice, refuse } from '../firewall/json.ts';
import type { Read, Reader } from '../firewall/json.ts';
import type { ResourceRecord } from '../types/resource.ts';
import { readFederatedProperties } from './federated-credentials.ts';
import { resourceId } from './keys.ts';
import { membersOf, without } from './members.ts';
import {
  endpointPolicyMembers,
  natGatewayMembers,
  publicAddressMembers,
  readMembers,
  routeMembers,
  routeTableMembers,
  securityGroupMembers,
  securityRuleMembers,
} from './network-members.ts';
import type { KnownMembers } from './network-members.ts';
import { readReference } from './network-references.ts';
import type { Link } from './references.ts';
import type { InUse, ResourceOutcome } from './refusal.ts';
import { readPrivateEndpoint } from './private-endpoint-properties.ts';
import { knownTypes } from './resource-types.ts';
import { readRoute } from './routes.ts';
import { checkSecurityRules, readSecurityRule } from './security-rules.ts';
import type { Item } from './security-rules.ts';
import { readServiceEndpointPolicyDefinition } from './service-endpoint-policies.ts';
import { readStorageAccount } from './storage-accounts.ts';

/** What there is to know of a type beside what every resource has. */
export interface Kind {
  readonly type: string;
  readonly read: Reader<ResourceRecord['properties']>;
  /** What `properties` may have, where that is a list of Azure's. */
  readonly members?: KnownMembers;
  /** It has `properties` only (a proxy resource of ARM): no location, no tags, and no place among the resources of a group. */
  readonly isProxy?: true;
  /** `sku` where a request gives none. */
  readonly sku?: Readonly<Record<string, unknown>>;
  /** What lies in it under ids of its own: the member of `properties`, which is also the last part of their type. */
  readonly items?: {
    readonly member: string;
    readonly read: Reader<Item['properties']>;
    readonly members?: KnownMembers;
  };
  /** What holds of the items together. */
  readonly check?: (items: readonly Item[]) => ResourceOutcome<null>;
  readonly links?: (record: ResourceRecord) => readonly Link[];
  /** Why it cannot be deleted while it is referred to, and the member that says by what. */
  readonly use?: { readonly refusal: InUse; readonly member: string; readonly single?: true };
}

const itemName = /^[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$/i;

/** What the service makes of every resource of the namespace; a client sends it back, and it is not looked at. */
const madeByService = ['provisioningState', 'resourceGuid', 'etag', 'networkInterfaces', 'flowLogs', 'subnets'];

const rows: readonly Kind[] = [
  {
    type: knownTypes.networkSecurityGroup,
    read: (value, path) => readWithItems(value, path, 'securityRules', readSecurityRule),
    members: securityGroupMembers,
    items: { member: 'securityRules', read: readSecurityRule, members: securityRuleMembers },
    check: checkSecurityRules,
    use: { refusal: 'networkSecurityGroupInUse', member: 'subnets' },
  },
  {
    type: knownTypes.routeTable,
    read: (value, path) => readWithItems(value, path, 'routes', readRoute),
    members: routeTableMembers,
    items: { member: 'routes', read: readRoute, members: routeMembers },
    use: { refusal: 'routeTableInUse', member: 'subnets' },
  },
  {
    type: knownTypes.serviceEndpointPolicy,
    read: (value, path) =>
      readWithItems(value, path, 'serviceEndpointPolicyDefinitions', readServiceEndpointPolicyDefinition),
    members: endpointPolicyMembers,
    items: { member: 'serviceEndpointPolicyDefinitions', read: readServiceEndpointPolicyDefinition },
    use: { refusal: 'serviceEndpointPolicyInUse', member: 'subnets' },
  },
  {
    type: knownTypes.natGateway,
    read: readNatGateway,
    members: natGatewayMembers,
    sku: { name: 'Standard', tier: 'Regional' },
    links: (record) =>
      referencesOf(record.properties['publicIpAddresses']).map((to) => ({
        by: resourceId(record),
        to,
        type: knownTypes.publicAddress,
        exclusive: true,
      })),
    use: { refusal: 'natGatewayInUse', member: 'subnets' },
  },
  {
    type: knownTypes.publicAddress,
    read: readPublicAddress,
    members: publicAddressMembers,
    sku: { name: 'Basic', tier: 'Regional' },
    use: { refusal: 'publicAddressInUse', member: 'natGateway', single: true },
  },
  { type: knownTypes.privateEndpoint, read: readPrivateEndpoint },
  { type: knownTypes.storageAccount, read: readStorageAccount },
  { type: knownTypes.userAssignedIdentity, read: () => ({ ok: true, value: {} }) },
  { type: knownTypes.federatedCredential, read: readFederatedProperties, isProxy: true },
];

/** By type in lower case. */
export const kinds: ReadonlyMap<string, Kind> = new Map(rows.map((kind) => [kind.type.toLowerCase(), kind]));

export function kindOf(type: string): Kind | undefined {
  return kinds.get(type.toLowerCase());
}

/** What lies in a resource under ids of its own. */
export function itemsOf({ properties }: ResourceRecord, { member }: NonNullable<Kind['items']>): readonly Item[] {
  const items = properties[member];
  return Array.isArray(items) ? items.filter(isItem) : [];
}

/** Whether `properties`, and those of what lies in them, have only members that are known. */
export function checkMembers(properties: unknown, { members, items }: Kind): ResourceOutcome<unknown> {
  if (members === undefined) return { ok: true, value: null };
  const own = readMembers(membersOf(properties), 'properties', members);
  if (!own.ok || items?.members === undefined) return own;
  const list = membersOf(properties)[items.member];
  for (const [index, item] of Object.entries(Array.isArray(list) ? list : [])) {
    const path = `properties.${items.member}[${index}].properties`;
    const known = readMembers(membersOf(membersOf(item)['properties']), path, items.members);
    if (!known.ok) return known;
  }
  return own;
}

/** Names of what lies in a resource. */
export function isItemName(name: string): boolean {
  return itemName.test(name);
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && 'name' in value && 'properties' in value;
}

function referencesOf(value: unknown): readonly string[] {
  const ids = Array.isArray(value) ? value.map((one: unknown) => membersOf(one)['id']) : [];
  return ids.map((id) => (typeof id === 'string' ? id : ''));
}

function readWithItems(
  value: unknown,
  path: string,
  member: string,
  readItem: Reader<Item['properties']>,
): Read<ResourceRecord['properties']> {
  const members = without(membersOf(value), [...madeByService, 'defaultSecurityRules']);
  const names = new Set<string>();
  const items = readArray<Item>(members[member] ?? [], `${path}.${member}`, (item, at) => {
    const { name, properties } = membersOf(item);
    if (typeof name !== 'string' || !isItemName(name) || names.has(name.toLowerCase())) {
      const expected = 'a name of 1 to 80 letters, digits, full stops, hyphens and underscores, that no other has';
      return refuse({ kind: 'wrongType', path: `${at}.name`, expected, found: 'another value' });
    }
    names.add(name.toLowerCase());
    return part(readItem(properties, `${at}.properties`), (read) => ({ name, properties: read }));
  });
  return part(items, (list) => ({ ...members, [member]: list }));
}

function readNatGateway(value: unknown, path: string): Read<ResourceRecord['properties']> {
  const members = without(membersOf(value), madeByService);
  const { idleTimeoutInMinutes = 4, publicIpPrefixes, publicIpAddresses, ...others } = members;
  const isTimeout =
    typeof idleTimeoutInMinutes === 'number' && idleTimeoutInMinutes >= 4 && idleTimeoutInMinutes <= 120;
  if (!isTimeout) return wrong(`${path}.idleTimeoutInMinutes`, 'a number of minutes from 4 to 120');
  if (Array.isArray(publicIpPrefixes) && publicIpPrefixes.length > 0) {
    return wrong(`${path}.publicIpPrefixes`, 'empty, for there are no public IP prefixes here: use publicIpAddresses');
  }
  const addresses = readArray(publicIpAddresses ?? [], `${path}.publicIpAddresses`, (one, at) =>
    part(readReference(one, at), (id) => ({ id: id ?? '' })),
  );
  return part(addresses, (list) => ({
    ...others,
    idleTimeoutInMinutes,
    ...(list.length > 0 && { publicIpAddresses: list }),
  }));
}

function readPublicAddress(value: unknown, path: string): Read<ResourceRecord['properties']> {
  const members = without(membersOf(value), [...madeByService, 'ipConfiguration', 'natGateway', 'ipAddress']);
  const { publicIPAddressVersion, publicIPAllocationMethod, ...others } = members;
  const { idleTimeoutInMinutes = 4, ipTags = [] } = others;
  const version = readChoice(publicIPAddressVersion ?? 'IPv4', `${path}.publicIPAddressVersion`, ['IPv4']);
  if (!version.ok) return version;
  const at = `${path}.publicIPAllocationMethod`;
  return part(readChoice(publicIPAllocationMethod ?? 'Dynamic', at, ['Static', 'Dynamic']), (method) => ({
    ...others,
    publicIPAddressVersion: version.value,
    publicIPAllocationMethod: method,
    idleTimeoutInMinutes,
    ipTags,
  }));
}

function wrong(path: string, expected: string) {
  return refuse({ kind: 'wrongType', path, expected, found: 'another value' });
}

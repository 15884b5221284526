import { accept, wrong } from '../../shape/fault.ts';
import { always, anything, array, boolean, choice, object, optional, refine } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { ResourceRecord } from '../../types/resource.ts';
import { federatedProperties } from '../authorization/federated-credentials.ts';
import { ipGroup } from '../networks/ip-groups.ts';
import { resourceId } from '../keys.ts';
import { membersOf } from '../refusal.ts';
import type { InUse, ResourceBreach, ResourceOutcome } from '../refusal.ts';
import {
  endpointPolicyMembers,
  natGatewayMembers,
  networkObject,
  publicAddressMembers,
  reference,
  routeTableMembers,
  securityGroupMembers,
} from '../networks/network-members.ts';
import type { KnownMembers } from '../networks/network-members.ts';
import type { Link } from './references.ts';
import { privateEndpoint } from '../networks/private-endpoint-properties.ts';
import { knownTypes } from './resource-types.ts';
import { route } from '../networks/routes.ts';
import { checkSecurityRules, securityRule } from '../networks/security-rules.ts';
import type { Item } from '../networks/security-rules.ts';
import { serviceEndpointPolicyDefinition } from '../networks/service-endpoint-policies.ts';
import { storageAccount } from '../storage-accounts.ts';

type PropertiesShape = Shape<ResourceRecord['properties'], ResourceBreach>;
type ItemShape = Shape<Item['properties'], ResourceBreach>;

/** The rules and properties of a type, besides those of every resource. */
export interface Kind {
  readonly type: string;
  readonly properties: PropertiesShape;
  /** Whether it has `properties` only (a proxy resource of ARM): no location, no tags, and it is not listed in its group. */
  readonly isProxy?: true;
  /** The default `sku`. */
  readonly sku?: Readonly<Record<string, unknown>>;
  /** Its items, which have their own ids: the member of `properties`, which is also the last part of their type. */
  readonly items?: { readonly member: string; readonly properties: ItemShape };
  /** Checks the items together. */
  readonly check?: (items: readonly Item[]) => ResourceOutcome<null>;
  readonly links?: (record: ResourceRecord) => readonly Link[];
  /** The refusal to delete it while other resources refer to it, and the member that lists them. */
  readonly use?: { readonly refusal: InUse; readonly member: string; readonly single?: true };
}

const itemName = /^[a-z0-9](?:[a-z0-9_.-]{0,78}[a-z0-9_])?$/i;

const rows: readonly Kind[] = [
  {
    type: knownTypes.networkSecurityGroup,
    properties: withItems(securityGroupMembers, 'securityRules', securityRule, { flushConnection: optional(boolean) }),
    items: { member: 'securityRules', properties: securityRule },
    check: checkSecurityRules,
    use: { refusal: 'networkSecurityGroupInUse', member: 'subnets' },
  },
  {
    type: knownTypes.routeTable,
    properties: withItems(routeTableMembers, 'routes', route),
    items: { member: 'routes', properties: route },
    use: { refusal: 'routeTableInUse', member: 'subnets' },
  },
  {
    type: knownTypes.serviceEndpointPolicy,
    properties: withItems(endpointPolicyMembers, 'serviceEndpointPolicyDefinitions', serviceEndpointPolicyDefinition),
    items: { member: 'serviceEndpointPolicyDefinitions', properties: serviceEndpointPolicyDefinition },
    use: { refusal: 'serviceEndpointPolicyInUse', member: 'subnets' },
  },
  {
    type: knownTypes.natGateway,
    properties: natGateway(),
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
    properties: publicAddress(),
    sku: { name: 'Basic', tier: 'Regional' },
    use: { refusal: 'publicAddressInUse', member: 'natGateway', single: true },
  },
  { type: knownTypes.privateEndpoint, properties: privateEndpoint },
  { type: 'Microsoft.Network/ipGroups', properties: ipGroup },
  { type: knownTypes.storageAccount, properties: storageAccount },
  { type: knownTypes.userAssignedIdentity, properties: () => accept({}) },
  { type: knownTypes.federatedCredential, properties: federatedProperties, isProxy: true },
];

/** By type in lower case. */
export const kinds: ReadonlyMap<string, Kind> = new Map(rows.map((kind) => [kind.type.toLowerCase(), kind]));

export function kindOf(type: string): Kind | undefined {
  return kinds.get(type.toLowerCase());
}

/**
 * Namespaces that have only the types built here. A load balancer that was merely stored would look as if it carried
 * traffic. In other namespaces resources are only stored; a storage account, for example, then has its identity.
 */
const closed: ReadonlySet<string> = new Set([
  'microsoft.authorization',
  'microsoft.keyvault',
  'microsoft.network',
  'microsoft.resources',
]);

/** Types of these namespaces that are only stored all the same: their identities are callers of vaults. */
const stored: ReadonlySet<string> = new Set([
  'microsoft.network/applicationgateways',
  'microsoft.network/azurefirewalls',
  'microsoft.network/expressrouteports',
  'microsoft.network/firewallpolicies',
]);

/** Whether resources of the type can be created, besides the types with their own operations. */
export function isSupportedType(type: string): boolean {
  const [namespace = '', ...types] = type.toLowerCase().split('/');
  if (kindOf(type) !== undefined || stored.has(type.toLowerCase())) return true;
  // Only a user-assigned identity has these. A stored one of a web app would look as if its workload could sign in.
  if (types.at(-1) === 'federatedidentitycredentials') return false;
  return types.length > 0 && /^[a-z0-9.]+$/.test(namespace) && !closed.has(namespace);
}

/** The items of a resource, which have their own ids. */
export function itemsOf({ properties }: ResourceRecord, { member }: NonNullable<Kind['items']>): readonly Item[] {
  const items = properties[member];
  return Array.isArray(items) ? items.filter(isItem) : [];
}

/** Whether an item of a resource can have this name. */
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

/** `properties` with a list of items, each with a different name. */
function withItems(
  known: KnownMembers,
  member: string,
  properties: ItemShape,
  others: Readonly<Record<string, { readonly optional: Shape<unknown> }>> = {},
): PropertiesShape {
  const items: Shape<readonly Item[], ResourceBreach> = (value) => {
    const names = new Set<string>();
    const name: Shape<string> = (given) => {
      const expected = 'a name of 1 to 80 letters, digits, full stops, hyphens and underscores, that no other item has';
      if (typeof given !== 'string' || !isItemName(given) || names.has(given.toLowerCase())) {
        return wrong(given, expected);
      }
      names.add(given.toLowerCase());
      return accept(given);
    };
    const item = object({ name: always(name), properties: always(properties) }, { ignoredIf: () => true });
    return array(item)(value);
  };
  return networkObject(known, { ...others, [member]: optional(items, []) });
}

function natGateway(): PropertiesShape {
  const minutes: Shape<number> = (value) =>
    typeof value === 'number' && value >= 4 && value <= 120
      ? accept(value)
      : wrong(value, 'a number of minutes from 4 to 120');
  const noPrefixes: Shape<unknown> = (value) =>
    Array.isArray(value) && value.length > 0
      ? wrong(value, 'empty, because public IP prefixes are not supported: use publicIpAddresses')
      : accept(value);
  const shape = networkObject(natGatewayMembers, {
    idleTimeoutInMinutes: optional(minutes, 4),
    publicIpPrefixes: optional(noPrefixes),
    publicIpAddresses: optional(array(refine(reference, (id) => accept({ id }))), []),
  });
  return refine(shape, ({ publicIpPrefixes: _, publicIpAddresses, ...others }) =>
    accept({ ...others, ...(publicIpAddresses.length > 0 && { publicIpAddresses }) }),
  );
}

function publicAddress(): PropertiesShape {
  return networkObject(publicAddressMembers, {
    publicIPAddressVersion: optional(choice(['IPv4']), 'IPv4'),
    publicIPAllocationMethod: optional(choice(['Static', 'Dynamic']), 'Dynamic'),
    idleTimeoutInMinutes: optional(anything, 4),
    ipTags: optional(anything, []),
  });
}

import type { ResourcesContext } from '../../resources/any/kind-rules.ts';
import { itemsOf, kindOf } from '../../resources/any/kinds.ts';
import type { Kind } from '../../resources/any/kinds.ts';
import { parseScope, resourceId } from '../../resources/keys.ts';
import { readResource } from '../../resources/any/any-resource.ts';
import type { ResourceName } from '../../resources/any/any-resource.ts';
import { serviceConnections } from '../../resources/networks/private-endpoint-properties.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import { defaultSecurityRules } from '../../resources/networks/security-rules.ts';
import type { Item } from '../../resources/networks/security-rules.ts';
import type { Stored } from '../../store/records.ts';
import type { ResourceIdentity, ResourceRecord } from '../../types/resource.ts';
import type { NameSet } from '../../http/host.ts';
import { refuse } from '../operation.ts';
import type { ControlCall, ControlOutcome, ControlServices } from '../operation.ts';
import { otherServiceShown } from './other-services.ts';

type Refused = Extract<ControlOutcome, { ok: false }>;

/** The resource that a path names; its router let it here only if it names one. */
export function nameOf({ path, subscription }: ControlCall): ResourceName {
  const { resourceGroup = '', type = '', names = [] } = parseScope(path) ?? {};
  return { subscriptionId: subscription.subscriptionId, resourceGroup, type, names };
}

export function resourcesContext(
  { store, nowMs, newId, subscription, access }: ControlCall,
  { publicAddressPool }: ControlServices,
): ResourcesContext {
  return { store, now: nowMs, newId, tenantId: subscription.tenantId, lacks: access.lacks, publicAddressPool };
}

/** A resource and its record. */
export async function readNamed(
  call: ControlCall,
  name: ResourceName,
): Promise<
  { readonly ok: true; readonly record: Stored<ResourceRecord>; readonly resource: ResourceRecord } | Refused
> {
  const record = await readResource(name, call.store);
  if (record !== undefined) return { ok: true, record, resource: record.value };
  const { type, names, resourceGroup } = name;
  return refuse({ kind: 'resourceNotFound', type: kindOf(type)?.type ?? type, name: names.join('/'), resourceGroup });
}

/** A resource as the resource manager gives it back: what was sent, and what the service adds. */
export function anyResource(resource: ResourceRecord, nameSet: NameSet) {
  const kind = kindOf(resource.type);
  const other = otherServiceShown(resource, nameSet);
  const { location, tags, envelope, identity, names, type } = resource;
  return {
    id: resourceId(resource),
    name: names.at(-1) ?? '',
    type,
    ...(location !== undefined && { location }),
    ...(kind?.isProxy !== true && { tags }),
    ...envelope,
    ...other.envelope,
    ...(identity !== undefined && { identity: identityShown(identity) }),
    ...(isNetwork(resource) && { etag: resource.etag }),
    properties: { ...resource.properties, ...(madeFor(resource, kind) ?? other.properties) },
  };
}

/** What lies in a resource, under its own id. */
export function itemResource(resource: ResourceRecord, member: string, item: Item) {
  return {
    name: item.name,
    id: `${resourceId(resource)}/${member}/${item.name}`,
    etag: resource.etag,
    type: `${resource.type}/${member}`,
    properties: { provisioningState: 'Succeeded', ...item.properties },
  };
}

/** Resources of Microsoft.Network have etags, others have none. */
export function isNetwork({ type }: { readonly type: string }): boolean {
  return type.toLowerCase().startsWith('microsoft.network/');
}

/** What is made here for a resource; `undefined` for one whose service is not here. */
function madeFor(resource: ResourceRecord, kind: Kind | undefined): Record<string, unknown> | undefined {
  if (!isNetwork(resource)) {
    const { publicAddresses: _, ...made } = resource.made;
    // Of an identity only the ids count.
    return kind === undefined || kind.type === knownTypes.storageAccount ? undefined : made;
  }
  const { items, use } = kind ?? {};
  const users = (resource.usedBy ?? []).map((id) => ({ id }));
  const { ipAddress } = resource.made;
  return {
    provisioningState: 'Succeeded',
    resourceGuid: resource.guid,
    ...(ipAddress !== undefined && { ipAddress }),
    ...(items !== undefined && {
      [items.member]: itemsOf(resource, items).map((item) => itemResource(resource, items.member, item)),
    }),
    ...(items?.member === 'securityRules' && {
      defaultSecurityRules: defaultSecurityRules.map((item) => itemResource(resource, 'defaultSecurityRules', item)),
    }),
    ...(resource.type === knownTypes.privateEndpoint && endpointShown(resource)),
    ...(use !== undefined && users.length > 0 && { [use.member]: use.single === true ? users[0] : users }),
  };
}

/** The connection of a private endpoint, which has neither an address nor a name of its own here. */
function endpointShown(resource: ResourceRecord): Record<string, unknown> {
  const { properties, etag, made } = resource;
  const shown = (member: string) =>
    serviceConnections(properties[member]).map((connection) => ({
      name: connection.name,
      id: `${resourceId(resource)}/${member}/${connection.name}`,
      etag,
      type: `${resource.type}/${member}`,
      properties: {
        provisioningState: 'Succeeded',
        ...connection.properties,
        privateLinkServiceConnectionState: made.connection?.state,
      },
    }));
  return {
    privateLinkServiceConnections: shown('privateLinkServiceConnections'),
    manualPrivateLinkServiceConnections: shown('manualPrivateLinkServiceConnections'),
    networkInterfaces: [],
    customDnsConfigs: [],
  };
}

function identityShown({ type, system, user }: ResourceIdentity) {
  return {
    type,
    ...(system !== undefined && { principalId: system.principalId, tenantId: system.tenantId }),
    ...(user !== undefined && { userAssignedIdentities: user }),
  };
}

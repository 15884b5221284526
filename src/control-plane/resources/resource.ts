import type { ResourceServices } from '../../resources/any/kind-rules.ts';
import { itemsOf, kindOf } from '../../resources/any/kinds.ts';
import type { Kind } from '../../resources/any/kinds.ts';
import { parseScope, resourceId } from '../../resources/keys.ts';
import { readResource } from '../../resources/any/any-resource.ts';
import type { ResourceName } from '../../resources/any/any-resource.ts';
import { serviceConnections } from '../../resources/networks/private-endpoint-properties.ts';
import { knownTypes } from '../../resources/any/resource-types.ts';
import { defaultSecurityRules } from '../../resources/networks/security-rules.ts';
import type { Item } from '../../resources/networks/security-rules.ts';
import type { ResourceIdentity, ResourceRecord } from '../../types/resource.ts';
import type { NameSet } from '../../http/host.ts';
import { resourceNotFound } from '../operation.ts';
import type { ControlCall, ControlServices } from '../operation.ts';
import { otherServiceMembers } from './other-services.ts';

/** The resource that the path names. The router finds these operations only for a path that names one. */
export function nameOf({ path, subscription }: ControlCall): ResourceName {
  const { resourceGroup = '', type = '', names = [] } = parseScope(path) ?? {};
  return { subscriptionId: subscription.subscriptionId, resourceGroup, type, names };
}

export function resourceServices(
  { store, nowMs, newId, subscription, access }: ControlCall,
  { publicAddressPool }: ControlServices,
): ResourceServices {
  return {
    store,
    now: nowMs,
    newId,
    tenantId: subscription.tenantId,
    linkedRefusal: access.linkedRefusal,
    publicAddressPool,
  };
}

/**
 * A resource and its record.
 * @throws {Refused} if it does not exist
 */
export async function readNamed({ store }: ControlCall, name: ResourceName) {
  const record = await readResource(name, store);
  if (record !== undefined) return { record, resource: record.value };
  const { type, names } = name;
  return resourceNotFound(kindOf(type)?.type ?? type, names.join('/'), name);
}

/** A resource in the resource manager's form: the members that were sent, and those that the service adds. */
export function genericResource(resource: ResourceRecord, nameSet: NameSet) {
  const kind = kindOf(resource.type);
  const other = otherServiceMembers(resource, nameSet);
  const { location, tags, envelope, identity, names, type } = resource;
  return {
    id: resourceId(resource),
    name: names.at(-1) ?? '',
    type,
    ...(location !== undefined && { location }),
    ...(kind?.isProxy !== true && { tags }),
    ...envelope,
    ...other.envelope,
    ...(identity !== undefined && { identity: identityResource(identity) }),
    ...(isNetwork(resource) && { etag: resource.etag }),
    properties: { ...resource.properties, ...(addedProperties(resource, kind) ?? other.properties) },
  };
}

/** An item of a resource, with an id of its own. */
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

/** The properties that this server adds to a resource; `undefined` for a resource whose service does not exist here. */
function addedProperties(resource: ResourceRecord, kind: Kind | undefined): Record<string, unknown> | undefined {
  if (!isNetwork(resource)) {
    const { publicAddresses: _, ...made } = resource.made;
    // Only a managed identity has such properties: its ids.
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
    ...(resource.type === knownTypes.privateEndpoint && endpointProperties(resource)),
    ...(use !== undefined && users.length > 0 && { [use.member]: use.single === true ? users[0] : users }),
  };
}

/** The properties of a private endpoint: its connection. Here it has neither an address nor DNS names. */
function endpointProperties(resource: ResourceRecord): Record<string, unknown> {
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

function identityResource({ type, system, user }: ResourceIdentity) {
  return {
    type,
    ...(system !== undefined && { principalId: system.principalId, tenantId: system.tenantId }),
    ...(user !== undefined && { userAssignedIdentities: user }),
  };
}

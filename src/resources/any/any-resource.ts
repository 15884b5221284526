import { readRecords, recordPut } from '../../store/records.ts';
import { merge } from '../../store/store.ts';
import type { Stored } from '../../store/records.ts';
import type { Requirement, Store } from '../../store/store.ts';
import type { ResourceIdentity, ResourceRecord } from '../../types/resource.ts';
import { deleteFederatedCredential } from '../authorization/federated-credentials.ts';
import { readIdentity } from '../authorization/identities.ts';
import { isResourceGroupName, keyLengthMax, publicAddressKey, resourceId, resourceKey } from '../keys.ts';
import type { Place } from '../keys.ts';
import { applyKindRules, linkServicesOf } from './kind-rules.ts';
import type { ResourceServices } from './kind-rules.ts';
import { kindOf } from './kinds.ts';
import { membersOf, readAt, refuseResource, without } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';
import { mergePrincipals, changePrincipals } from '../authorization/principals.ts';
import type { PrincipalsChanged } from '../authorization/principals.ts';
import { disconnectEndpoint } from '../networks/private-endpoints.ts';
import { updateLinks } from './references.ts';
import { isSameLocation } from '../regions.ts';
import { knownTypes } from './resource-types.ts';
import { requireScope } from '../authorization/scope.ts';
import { releaseAccountName } from '../storage-accounts.ts';
import { tagsOfBody } from '../tags.ts';

/** The parts of a resource's id. */
export interface ResourceName extends Place {
  readonly type: string;
  readonly names: readonly string[];
}

type ResourceChange = ResourceOutcome<
  PrincipalsChanged & { readonly resource: ResourceRecord; readonly created: boolean }
>;

const notInEnvelope = ['id', 'name', 'type', 'location', 'tags', 'identity', 'properties', 'etag', 'systemData'];
const namePattern = /^[^<>%&\\?/\p{Cc}]{0,259}[^<>%&\\?/\p{Cc}. ]$/u;

/** The record of a resource; `undefined` if it does not exist or the name is impossible. */
export async function readResource(name: ResourceName, store: Store): Promise<Stored<ResourceRecord> | undefined> {
  if (!isResourceGroupName(name.resourceGroup)) return undefined;
  const key = resourceKey(name, name.type, name.names);
  if (key.length > keyLengthMax) return undefined;
  const [record] = await readRecords(store, { get: [key] });
  return record;
}

/** PUT of a whole resource: creates it, or replaces everything that a request can set. */
export async function putResource(
  name: ResourceName,
  body: Readonly<Record<string, unknown>>,
  services: ResourceServices,
): Promise<ResourceChange> {
  const invalidPart = name.names.find((part) => !namePattern.test(part));
  if (invalidPart !== undefined || resourceKey(name, name.type, name.names).length > keyLengthMax) {
    const rule = '1 to 260 characters, none of < > % & \\ ? / and no control character, no full stop or space last';
    return invalid(`The resource name '${(invalidPart ?? name.names.join('/')).slice(0, 300)}' is invalid: ${rule}.`);
  }
  const place = await requirePlace(name, services.store);
  if (!place.ok) return place;
  const record = await readResource(name, services.store);
  return write({ name, record, body, require: place.value }, services);
}

/** PATCH: the members beside `properties`, such as `tags` and `identity`, are replaced as a whole; `properties` member by member. */
export async function patchResource(
  record: Stored<ResourceRecord>,
  body: Readonly<Record<string, unknown>>,
  services: ResourceServices,
): Promise<ResourceChange> {
  const before = record.value;
  const { envelope, tags, location, identity } = before;
  const sent = identity === undefined ? {} : { identity: identityAsSent(identity) };
  const whole = { ...envelope, tags, location, ...sent, ...body };
  const properties = { ...before.properties, ...membersOf(body['properties']) };
  return write({ name: before, record, body: { ...whole, properties }, require: [] }, services);
}

/** DELETE of a resource that nothing refers to. The resources below it, in `below`, are deleted with it. */
export async function deleteResource(
  record: Stored<ResourceRecord>,
  below: readonly Stored<ResourceRecord>[],
  services: ResourceServices,
): Promise<ResourceOutcome<PrincipalsChanged>> {
  const resource = record.value;
  const kind = kindOf(resource.type);
  const { usedBy = [] } = resource;
  if (kind?.use !== undefined && usedBy.length > 0) {
    return refuseResource({ kind: kind.use.refusal, id: resourceId(resource), users: usedBy });
  }
  const links = { before: kind?.links?.(resource) ?? [], after: [] };
  const linked = await updateLinks(links, linkServicesOf(resource, services));
  if (!linked.ok) return linked;
  const disconnected =
    kind?.type === knownTypes.privateEndpoint ? await disconnectEndpoint(resource, services.store) : {};
  const dropped =
    kind?.type === knownTypes.federatedCredential ? [await deleteFederatedCredential(resource, services.store)] : [];
  const freedName = kind?.type === knownTypes.storageAccount ? await releaseAccountName(resource, services.store) : {};
  const { ipAddress } = resource.made;
  const all = [record, ...below];
  const principals = await Promise.all(
    all.map((gone) => changePrincipals({ before: gone.value, after: undefined }, services)),
  );
  const change = {
    require: [...all.map(({ key, version }) => ({ key, version })), ...linked.value.require],
    put: linked.value.put,
    delete: [...all.map(({ key }) => key), ...(ipAddress === undefined ? [] : [publicAddressKey(ipAddress)])],
  };
  return {
    ok: true,
    value: mergePrincipals([
      { change: merge(change, disconnected, freedName), principals: [] },
      ...dropped,
      ...principals,
    ]),
  };
}

interface Write {
  readonly name: ResourceName;
  readonly record: Stored<ResourceRecord> | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly require: readonly Requirement[];
}

async function write({ name, record, body, require }: Write, services: ResourceServices): Promise<ResourceChange> {
  const kind = kindOf(name.type);
  const before = record?.value;
  const beside = kind?.isProxy === true ? besideProperties(body) : undefined;
  if (beside !== undefined) {
    return invalid(`A resource of the type ${kind?.type ?? ''} has no '${beside}': leave it out.`);
  }
  const location = locationOf(body, before, name);
  if (!location.ok) return location;
  const tags = tagsOfBody(body);
  if (!tags.ok) return tags;
  const properties =
    kind === undefined ? readOpen(body['properties']) : readAt(kind.properties, body['properties'], 'properties');
  if (!properties.ok) return properties;
  const identity = await readIdentity(body['identity'], before?.identity, { ...services, by: resourceId(name) });
  if (!identity.ok) return identity;
  const asked = withoutNulls(without(body, notInEnvelope));
  // A request may omit a part of the sku, as az does.
  const envelope = kind?.sku === undefined ? asked : { ...asked, sku: { ...kind.sku, ...membersOf(asked['sku']) } };
  const at = new Date(services.now).toISOString();
  const draft: ResourceRecord = {
    subscriptionId: before?.subscriptionId ?? name.subscriptionId,
    resourceGroup: before?.resourceGroup ?? name.resourceGroup,
    type: before?.type ?? kind?.type ?? name.type,
    names: before?.names ?? name.names,
    ...(location.value !== undefined && { location: location.value }),
    tags: tags.value,
    envelope,
    ...(identity.value.identity !== undefined && { identity: identity.value.identity }),
    properties: properties.value,
    made: before?.made ?? {},
    guid: before?.guid ?? services.newId(),
    etag: `W/"${services.newId()}"`,
    createdTime: before?.createdTime ?? at,
    changedTime: at,
    ...(before?.usedBy !== undefined && { usedBy: before.usedBy }),
  };
  const finished = await applyKindRules({ draft, before, kind }, services);
  if (!finished.ok) return finished;
  const { resource, ...ofKind } = finished.value;
  const key = record?.key ?? resourceKey(name, name.type, name.names);
  const own = {
    require: [{ key, version: record?.version ?? null }, ...require, ...identity.value.require],
    put: [recordPut(key, resource)],
  };
  const changed = await changePrincipals({ before, after: resource }, services);
  const whole = mergePrincipals([{ change: own, principals: [] }, ofKind, changed]);
  return { ok: true, value: { resource, created: before === undefined, ...whole } };
}

/** Requires that the group exists, and the parent resource if there is one. */
async function requirePlace(name: ResourceName, store: Store): Promise<ResourceOutcome<readonly Requirement[]>> {
  const { subscriptionId, resourceGroup, type, names } = name;
  const place = { id: '', subscriptionId, resourceGroup };
  const group = await requireScope(place, store);
  if (!group.ok || names.length < 2) return group.ok ? { ok: true, value: [group.value] } : group;
  const above = { ...place, type: type.slice(0, type.lastIndexOf('/')), names: names.slice(0, -1) };
  const parent = await requireScope(above, store);
  if (!parent.ok) return refuseResource({ kind: 'parentNotFound', parent: `${above.type}/${above.names.join('/')}` });
  return { ok: true, value: [group.value, parent.value] };
}

/** The location, which cannot be changed. A child resource may have none. */
function locationOf(
  body: Readonly<Record<string, unknown>>,
  before: ResourceRecord | undefined,
  { names }: ResourceName,
): ResourceOutcome<string | undefined> {
  const given = body['location'];
  const asked = typeof given === 'string' && given !== '' ? given : undefined;
  const known = before?.location;
  if (known !== undefined && asked !== undefined && !isSameLocation(asked, known)) {
    return refuseResource({ kind: 'locationMismatch', name: names.join('/'), location: known, asked });
  }
  const location = known ?? asked;
  if (location !== undefined || names.length > 1) return { ok: true, value: location };
  return invalid('The \'location\' property is required: give the region, for example "westeurope".');
}

/** A member of the body that a proxy resource cannot have. Absent values and `{}` are accepted. */
function besideProperties(body: Readonly<Record<string, unknown>>): string | undefined {
  const others = withoutNulls(without(body, ['id', 'name', 'type', 'properties', 'etag', 'systemData']));
  return Object.keys(others).find((member) => JSON.stringify(others[member]) !== '{}');
}

function readOpen(value: unknown): ResourceOutcome<ResourceRecord['properties']> {
  if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    return invalid('Invalid value found at properties: it must be an object.');
  }
  return { ok: true, value: without(membersOf(value), ['provisioningState']) };
}

function withoutNulls(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined));
}

function identityAsSent({ type, user }: ResourceIdentity) {
  return { type, ...(user !== undefined && { userAssignedIdentities: user }) };
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}

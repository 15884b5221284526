import { hash } from 'node:crypto';
import { isGuid } from '../shape/shape.ts';
import { recordKind } from '../store/keys.ts';
import type { Key, Prefix, RecordKind } from '../store/keys.ts';
import type { DirectoryRecords, ObjectKind, ServicePrincipalRecord } from './records.ts';

/** Whether it has the form of a directory id: a GUID in lower case. */
export function isDirectoryId(value: string): boolean {
  return isGuid(value) && value === value.toLowerCase();
}

const owner = 'directory';

const objects: { readonly [K in ObjectKind]: RecordKind<DirectoryRecords[K]> } = {
  user: recordKind({ pattern: 'directory/{tenant}/user/', owner, holds: 'a user' }),
  group: recordKind({ pattern: 'directory/{tenant}/group/', owner, holds: 'a group' }),
  application: recordKind({ pattern: 'directory/{tenant}/application/', owner, holds: 'an application' }),
  servicePrincipal: recordKind({
    pattern: 'directory/{tenant}/servicePrincipal/',
    owner,
    holds: "a service principal: an application's, or a managed identity",
  }),
};
export function objectKey<K extends ObjectKind>(tenantId: string, kind: K, id: string) {
  return objects[kind].key(tenantId, id);
}
/** The prefix of all objects of a kind. */
export function kindPrefix<K extends ObjectKind>(tenantId: string, kind: K) {
  return objects[kind].prefix(tenantId);
}

const deleted = recordKind<true>({
  pattern: 'directory/{tenant}/deleted/',
  owner,
  holds: 'that an object had the id, which must not be used again',
});
/** The mark of a deleted object, of any kind, with that id. */
export const deletedKey = (tenantId: string, id: string) => deleted.key(tenantId, id);

const names = recordKind<string>({
  pattern: 'directory/{tenant}/name/{kind}/',
  owner,
  holds: 'the id of the one object that has the name',
});
/** The record with the id of the one object that has this name. Names are compared without regard to case. */
export function nameKey(tenantId: string, kind: ObjectKind, name: string): Key<string> {
  return names.key(tenantId, kind, encodeURIComponent(name.toLowerCase()));
}

const members = recordKind<true>({
  pattern: 'directory/{tenant}/members/{group}/',
  owner,
  holds: 'that the object is a member of the group',
});
/** The members of a group: `<prefix><member>`. */
export const membersPrefix = (tenantId: string, group: string) => members.prefix(tenantId, group);
export const memberKey = (tenantId: string, group: string, member: string) => members.key(tenantId, group, member);

const groups = recordKind<true>({
  pattern: 'directory/{tenant}/groups/{member}/',
  owner,
  holds: 'the same membership, from the member to its group',
});
/** The groups that an object is a direct member of: `<prefix><group>`. */
export const groupsPrefix = (tenantId: string, member: string) => groups.prefix(tenantId, member);
export const groupKey = (tenantId: string, member: string, group: string) => groups.key(tenantId, member, group);

/** The tenant and id of a managed identity's service principal. */
export type IdentityId = Pick<ServicePrincipalRecord, 'tenantId' | 'id'>;

const bindings = recordKind<true>({
  pattern: 'directory/binding/{binding}/',
  owner,
  holds: 'that a workload with the binding has the managed identity, by tenant and id',
});
/** The identities of a workload with this binding: `<prefix><tenant>/<id>`. */
export const bindingPrefix = (binding: string) => bindings.prefix(binding);
export const bindingKey = (binding: string, of: IdentityId) => bindings.key(binding, of.tenantId, of.id);

const resourceIdentities = recordKind<readonly IdentityId[]>({
  pattern: 'directory/resource-identities/',
  owner,
  holds: 'the managed identities of a resource, by the digest of its ARM id',
});
/** The identities of a resource's workload. The key has a digest because an ARM id may be longer than a key. */
export const resourceIdentitiesKey = (resourceId: string) => resourceIdentities.key(resourceDigest(resourceId));

const resourceBindings = recordKind<string>({
  pattern: 'directory/resource-binding/{binding}/',
  owner,
  holds: 'the ARM id of a resource whose workload has the binding, by the digest of that id',
});
/** The resources whose workload has this binding; without an argument, the resources of all bindings. */
export function resourceBindingPrefix(binding?: string): Prefix<string> {
  return resourceBindings.prefix(...(binding === undefined ? [] : [binding]));
}
export function resourceBindingKey(binding: string, resourceId: string): Key<string> {
  return resourceBindings.key(binding, resourceDigest(resourceId));
}

/** ARM ids are compared without regard to case. */
function resourceDigest(resourceId: string): string {
  return hash('sha256', resourceId.toLowerCase(), 'hex');
}

/** A key has at most 1,024 characters, and each character of a name takes up to three when encoded. */
const nameLengthMax = 255;

/** Whether an object can be found by this name. */
export function isName(name: string): boolean {
  return name !== '' && name.length <= nameLengthMax && name.isWellFormed();
}

/** The names of an object. Each is unique among the objects of its kind. */
export const namesOf: { readonly [K in ObjectKind]: (record: DirectoryRecords[K]) => readonly string[] } = {
  user: ({ userPrincipalName }) => [userPrincipalName],
  group: () => [],
  application: ({ appId, identifierUris }) => [appId, ...identifierUris],
  servicePrincipal: ({ servicePrincipalNames }) => servicePrincipalNames,
};

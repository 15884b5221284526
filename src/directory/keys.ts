import { hash } from 'node:crypto';
import { isGuid } from '../shape/shape.ts';
import { recordKind } from '../store/keys.ts';
import type { Key, Prefix, RecordKind } from '../store/keys.ts';
import type { DirectoryRecords, ObjectKind, ServicePrincipalRecord } from './records.ts';

/** Whether it can be the id of anything in a directory: a GUID in lower case. */
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
/** Of all objects of a kind. */
export function kindPrefix<K extends ObjectKind>(tenantId: string, kind: K) {
  return objects[kind].prefix(tenantId);
}

const deleted = recordKind<true>({
  pattern: 'directory/{tenant}/deleted/',
  owner,
  holds: 'that an object had the id, and nobody else is to have it',
});
/** Remains of an object of that id, of whatever kind, that was deleted. */
export const deletedKey = (tenantId: string, id: string) => deleted.key(tenantId, id);

const names = recordKind<string>({
  pattern: 'directory/{tenant}/name/{kind}/',
  owner,
  holds: 'the id of the one object that has the name',
});
/** Where the id of the one object that has this name is. Names are compared without regard to case. */
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
  holds: 'the same from the member to its group',
});
/** The groups that an object is a member of itself: `<prefix><group>`. */
export const groupsPrefix = (tenantId: string, member: string) => groups.prefix(tenantId, member);
export const groupKey = (tenantId: string, member: string, group: string) => groups.key(tenantId, member, group);

/** The service principal of a managed identity. */
export type IdentityId = Pick<ServicePrincipalRecord, 'tenantId' | 'id'>;

const bindings = recordKind<true>({
  pattern: 'directory/binding/{binding}/',
  owner,
  holds: 'that a workload with the binding is the managed identity, by tenant and id',
});
/** The identities that whoever has this binding is: `<prefix><tenant>/<id>`. */
export const bindingPrefix = (binding: string) => bindings.prefix(binding);
export const bindingKey = (binding: string, of: IdentityId) => bindings.key(binding, of.tenantId, of.id);

const resourceIdentities = recordKind<readonly IdentityId[]>({
  pattern: 'directory/resource-identities/',
  owner,
  holds: 'the managed identities of a resource, by the digest of its ARM id',
});
/** The identities that the workload of a resource has; an ARM id may be longer than a key, so its digest stands for it. */
export const resourceIdentitiesKey = (resourceId: string) => resourceIdentities.key(resourceDigest(resourceId));

const resourceBindings = recordKind<string>({
  pattern: 'directory/resource-binding/{binding}/',
  owner,
  holds: 'the ARM id of a resource whose workload has the binding, by its digest',
});
/** The resources whose workload whoever has this binding is; without one, of all bindings. */
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

/** A key has at most 1,024 characters, of which a name's are up to three each. */
const nameLengthMax = 255;

/** Whether it can be a name that an object is found by. */
export function isName(name: string): boolean {
  return name !== '' && name.length <= nameLengthMax && name.isWellFormed();
}

/** The names of an object, each of which no other object of its kind may have. */
export const namesOf: { readonly [K in ObjectKind]: (record: DirectoryRecords[K]) => readonly string[] } = {
  user: ({ userPrincipalName }) => [userPrincipalName],
  group: () => [],
  application: ({ appId, identifierUris }) => [appId, ...identifierUris],
  servicePrincipal: ({ servicePrincipalNames }) => servicePrincipalNames,
};

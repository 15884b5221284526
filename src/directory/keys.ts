import { hash } from 'node:crypto';
import { isGuid } from '../shape/guid.ts';
import type { DirectoryRecords, ObjectKind } from './records.ts';

/** Whether it can be the id of anything in a directory: a GUID in lower case. */
export function isDirectoryId(value: string): boolean {
  return isGuid(value) && value === value.toLowerCase();
}

/** Where the objects of a kind lie. */
export function kindPrefix(tenantId: string, kind: ObjectKind): string {
  return `directory/${tenantId}/${kind}/`;
}

export function objectKey(tenantId: string, kind: ObjectKind, id: string): string {
  return `${kindPrefix(tenantId, kind)}${id}`;
}

/** Remains of an object of that id, of whatever kind, that was deleted. */
export function deletedKey(tenantId: string, id: string): string {
  return `directory/${tenantId}/deleted/${id}`;
}

/** Where the id of the one object that has this name lies. Names are compared without regard to case. */
export function nameKey(tenantId: string, kind: ObjectKind, name: string): string {
  return `directory/${tenantId}/name/${kind}/${encodeURIComponent(name.toLowerCase())}`;
}

/** The members of a group: `<prefix><member>`. */
export function membersPrefix(tenantId: string, group: string): string {
  return `directory/${tenantId}/members/${group}/`;
}

/** The groups that an object is a member of itself: `<prefix><group>`. */
export function groupsPrefix(tenantId: string, member: string): string {
  return `directory/${tenantId}/groups/${member}/`;
}

/** The identities that whoever has this binding is: `<prefix><tenant>/<id>`. */
export function bindingPrefix(binding: string): string {
  return `directory/binding/${binding}/`;
}

export function bindingKey(binding: string, of: { readonly tenantId: string; readonly id: string }): string {
  return `${bindingPrefix(binding)}${of.tenantId}/${of.id}`;
}

/** The identities that the workload of a resource has; an ARM id may be longer than a key, so its digest stands for it. */
export function resourceIdentitiesKey(resourceId: string): string {
  return `directory/resource-identities/${resourceDigest(resourceId)}`;
}

/** The resources whose workload whoever has this binding is: `<prefix><digest of the ARM id>`; without one, of all bindings. */
export function resourceBindingPrefix(binding?: string): string {
  return `directory/resource-binding/${binding === undefined ? '' : `${binding}/`}`;
}

export function resourceBindingKey(binding: string, resourceId: string): string {
  return `${resourceBindingPrefix(binding)}${resourceDigest(resourceId)}`;
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

import { groupsOf } from '../directory/memberships.ts';
import { findByName, findObject, removeObject } from '../directory/objects.ts';
import type { Changed as DirectoryChange, Stored } from '../directory/objects.ts';
import type { DirectoryRecords, ObjectKind } from '../directory/records.ts';
import { managedIdentityOf } from '../directory/service-principals.ts';
import { Refused } from '../edge/edge.ts';
import { deletions } from './activities.ts';
import { bodyOf, flag } from './body.ts';
import type { Collection } from './collections.ts';
import { answer, entity, orRefuse, targetOf } from './operation.ts';
import type { Changed, GraphCall, GraphOperation } from './operation.ts';
import { refuseOptions, select } from './query.ts';
import type { GraphRefusal } from './refusal.ts';
import { resources } from './resource.ts';

/** `GET /users/{id}` and the like. */
export function getObject<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'GET',
    path: `/${collection.segment}/:id`,
    access: 'read',
    async run(call) {
      refuseOptions(call, ['$select']);
      const { record } = await objectOf(call, collection.kind);
      const shown = select(call, resources[collection.kind](record));
      return answer(200, entity(call, `${collection.segment}/$entity`, shown));
    },
  };
}

/**
 * The outcome of a change that made an object, which the answer shows.
 * @throws {Refused} the refusal of the rules
 */
export function created<K extends ObjectKind>(
  call: GraphCall,
  { kind, segment }: Collection<K>,
  made: DirectoryChange<DirectoryRecords[K]>,
): Changed {
  const { value: record, change } = orRefuse(made);
  const shown = entity(call, `${segment}/$entity`, resources[kind](record));
  return { ...answer(201, shown), change, targets: [targetOf(record)] };
}

/** `DELETE /users/{id}` and the like. A deleted object cannot be restored. */
export function deleteObject<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'DELETE',
    path: `/${collection.segment}/:id`,
    access: 'write',
    activity: () => deletions[collection.kind],
    async run(call) {
      const stored = await changeableObjectOf(call, collection.kind);
      const change = await removeObject(call.store, collection.kind, stored);
      return { ...answer(204), change, targets: [targetOf(stored.record)] };
    },
  };
}

const readMemberGroups = bodyOf({ securityEnabledOnly: flag });

/** `POST /users/{id}/getMemberGroups`: the ids of all groups that the object is in, directly or through other groups. */
export function getMemberGroups<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'POST',
    path: `/${collection.segment}/:id/getMemberGroups`,
    access: 'read',
    async run(call) {
      readMemberGroups(call.body);
      const { store, tenantId } = call;
      const { record } = await objectOf(call, collection.kind);
      const value = await groupsOf(store, { tenantId, id: record.id });
      return answer(200, entity(call, 'Collection(Edm.String)', { value }));
    },
  };
}

/**
 * Finds the object in a path by its id; a user also by `userPrincipalName`.
 * @throws {Refused} when it does not exist
 */
export async function objectOf<K extends ObjectKind>(
  { store, tenantId, params }: GraphCall,
  kind: K,
): Promise<Stored<K>> {
  const { id = '' } = params;
  const objects = { tenantId, kind };
  const found = await (kind === 'user' && id.includes('@')
    ? findByName(store, objects, id)
    : findObject(store, objects, id));
  if (found === undefined) throw new Refused<GraphRefusal>({ kind: 'objectNotFound', id });
  return found;
}

/**
 * Finds an object that can be deleted or given a credential. That excludes a managed identity, which is deleted with its
 * resource and has no credentials that anyone knows.
 * @throws {Refused}
 */
export async function changeableObjectOf<K extends ObjectKind>(call: GraphCall, kind: K): Promise<Stored<K>> {
  const stored = await objectOf(call, kind);
  const { record } = stored;
  if ('servicePrincipalType' in record && record.servicePrincipalType === 'ManagedIdentity') {
    throw new Refused<GraphRefusal>({
      kind: 'managedIdentityOfResource',
      id: record.id,
      resourceId: managedIdentityOf(record),
    });
  }
  return stored;
}

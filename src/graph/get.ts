import { findByName, findObject } from '../directory/objects.ts';
import type { Stored } from '../directory/objects.ts';
import type { ObjectKind } from '../directory/records.ts';
import { managedIdentityOf } from '../directory/service-principals.ts';
import type { Collection } from './collections.ts';
import type { GraphCall, GraphOperation } from './operation.ts';
import { answer, entity } from './outcome.ts';
import { GraphRefused } from './refusal.ts';
import { resources } from './resource.ts';
import { refuseOptions, select } from './select.ts';

/** `GET /users/{id}`, and so on. */
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
 * The same, to be deleted or given a credential: not a managed identity, which goes with its resource and has no credentials
 * that anybody knows.
 * @throws {GraphRefused}
 */
export async function ownObjectOf<K extends ObjectKind>(call: GraphCall, kind: K): Promise<Stored<K>> {
  const stored = await objectOf(call, kind);
  const { record } = stored;
  if ('servicePrincipalType' in record && record.servicePrincipalType === 'ManagedIdentity') {
    throw new GraphRefused({ kind: 'managedIdentityOfResource', id: record.id, resourceId: managedIdentityOf(record) });
  }
  return stored;
}

/**
 * The object that a path names: by its id, and a user by `userPrincipalName` as well.
 * @throws {GraphRefused} when there is none
 */
export async function objectOf<K extends ObjectKind>(
  { store, tenantId, params }: GraphCall,
  kind: K,
): Promise<Stored<K>> {
  const { id = '' } = params;
  const place = { tenantId, kind };
  const found = await (kind === 'user' && id.includes('@')
    ? findByName(store, place, id)
    : findObject(store, place, id));
  if (found === undefined) throw new GraphRefused({ kind: 'objectNotFound', id });
  return found;
}

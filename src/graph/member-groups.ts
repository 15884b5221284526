import { groupsOf } from '../directory/memberships.ts';
import type { ObjectKind } from '../directory/records.ts';
import { flag, object } from './body.ts';
import type { Collection } from './collections.ts';
import { objectOf } from './get.ts';
import type { GraphOperation } from './operation.ts';
import { answer, entity } from './outcome.ts';

const readBody = object({ securityEnabledOnly: flag });

/** `POST /users/{id}/getMemberGroups`: the ids of all groups that it is in, also through other groups. */
export function getMemberGroups<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'POST',
    path: `/${collection.segment}/:id/getMemberGroups`,
    access: 'read',
    async run(call) {
      readBody(call.body, '');
      const { store, tenantId } = call;
      const { record } = await objectOf(call, collection.kind);
      const value = await groupsOf(store, { tenantId, id: record.id });
      return answer(200, entity(call, 'Collection(Edm.String)', { value }));
    },
  };
}

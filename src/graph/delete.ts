import { removeObject } from '../directory/objects.ts';
import type { ObjectKind } from '../directory/records.ts';
import { deletions } from './activities.ts';
import type { Collection } from './collections.ts';
import { ownObjectOf } from './get.ts';
import type { GraphOperation } from './operation.ts';
import { answer, targetOf } from './outcome.ts';

/** `DELETE /users/{id}`, and so on. What is deleted is gone: there is no bin that it could be restored from. */
export function deleteObject<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'DELETE',
    path: `/${collection.segment}/:id`,
    access: 'write',
    activity: () => deletions[collection.kind],
    async run(call) {
      const stored = await ownObjectOf(call, collection.kind);
      const change = await removeObject(call.store, collection.kind, stored);
      return { ...answer(204), change, targets: [targetOf(stored.record)] };
    },
  };
}

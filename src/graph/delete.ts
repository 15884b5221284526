import { removeObject } from '../directory/objects.ts';
import type { ObjectKind } from '../directory/records.ts';
import type { Collection } from './collections.ts';
import { ownObjectOf } from './get.ts';
import type { GraphOperation } from './operation.ts';
import { answer } from './outcome.ts';

/** `DELETE /users/{id}`, and so on. What is deleted is gone: there is no bin that it could be restored from. */
export function deleteObject<K extends ObjectKind>(collection: Collection<K>): GraphOperation {
  return {
    method: 'DELETE',
    path: `/${collection.segment}/:id`,
    access: 'write',
    async run(call) {
      const stored = await ownObjectOf(call, collection.kind);
      return { ...answer(204), change: await removeObject(call.store, collection.kind, stored) };
    },
  };
}

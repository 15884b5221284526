import { recoveryLevel } from '../objects/object.ts';
import type { DeletedObjectRecord, ObjectVersion, VaultScope } from '../objects/object.ts';
import type { Collection } from '../types/collection.ts';
import type { Call } from './operation.ts';

/** `attributes` and `tags` of an answer, as every collection has them. */
export function objectFacts(vault: VaultScope, { attributes, tags }: ObjectVersion) {
  const { enabled, notBefore, expires, created, updated } = attributes;
  return {
    attributes: {
      enabled,
      ...(notBefore !== undefined && { nbf: notBefore }),
      ...(expires !== undefined && { exp: expires }),
      created,
      updated,
      recoveryLevel: recoveryLevel(vault),
      recoverableDays: vault.softDeleteRetentionInDays,
    },
    ...(tags !== undefined && { tags }),
  };
}

/** What a soft-deleted object has beside its bundle or item. */
export function deletedFacts(call: Call, collection: Collection, object: DeletedObjectRecord<ObjectVersion>) {
  return {
    recoveryId: `${call.origin}/deleted${collection}/${object.name}`,
    deletedDate: object.deletedDate,
    scheduledPurgeDate: object.scheduledPurgeDate,
  };
}

import { purgeDeleted } from '../../objects/change.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** DELETE /deletedkeys/{name}: destroys the key with all its versions. */
export const purgeDeletedKey: OperationCard = {
  name: 'KeyPurge',
  permission: 'keys/purge',
  method: 'DELETE',
  path: '/deletedkeys/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'keys', { name: name.value, operation: 'purge' });
    if (!state.ok) return state;
    const purged = yield* purgeDeleted(call.vault, state.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

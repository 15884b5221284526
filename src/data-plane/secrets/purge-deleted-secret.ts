import { purgeDeleted } from '../../objects/change.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** DELETE /deletedsecrets/{name}: destroys the secret with all its versions. */
export const purgeDeletedSecret: OperationCard = {
  name: 'SecretPurge',
  permission: 'secrets/purge',
  method: 'DELETE',
  path: '/deletedsecrets/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'purge' });
    if (!state.ok) return state;
    const purged = yield* purgeDeleted(call.vault, state.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

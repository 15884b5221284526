import { purgeDeleted } from '../../objects/change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** DELETE /deletedsecrets/{name}: destroys the secret with all its versions. */
export const purgeDeletedSecret: OperationCard = {
  name: 'SecretPurge',
  permission: 'secrets/purge',
  method: 'DELETE',
  path: '/deletedsecrets/:name',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const purged = await purgeDeleted(call.vault, 'secrets', name.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

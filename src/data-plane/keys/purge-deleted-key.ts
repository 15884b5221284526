import { purgeDeleted } from '../../objects/change.ts';
import { keyToChange } from '../../objects/key-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** DELETE /deletedkeys/{name}: destroys the key with all its versions. */
export const purgeDeletedKey: OperationCard = {
  name: 'KeyPurge',
  permission: 'keys/purge',
  method: 'DELETE',
  path: '/deletedkeys/:name',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = await keyToChange(call.vault, name.value, 'purge');
    if (!found.ok) return found;
    const purged = await purgeDeleted(found.value.scope, 'keys', name.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

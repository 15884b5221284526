import { purgeDeleted } from '../../objects/change.ts';
import { secretToChange } from '../../objects/secret-change.ts';
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
    const scope = await secretToChange(call.vault, name.value, 'purge');
    if (!scope.ok) return scope;
    const purged = await purgeDeleted(scope.value, 'secrets', name.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

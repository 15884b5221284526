import { backupObject } from '../../objects/backup.ts';
import { secretToChange } from '../../objects/secret-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** POST /secrets/{name}/backup: all versions of the secret as one sealed blob. */
export const backupSecret: OperationCard = {
  name: 'SecretBackup',
  permission: 'secrets/backup',
  method: 'POST',
  path: '/secrets/:name/backup',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const scope = await secretToChange(call.vault, name.value, 'backup');
    if (!scope.ok) return scope;
    const blob = await backupObject(scope.value, 'secrets', name.value);
    return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
  },
};

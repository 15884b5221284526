import { backupObject } from '../../objects/backup.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** POST /secrets/{name}/backup: all versions of the secret as one sealed blob. */
export const backupSecret: OperationCard = {
  name: 'SecretBackup',
  permission: 'secrets/backup',
  method: 'POST',
  path: '/secrets/:name/backup',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'secrets', { name: name.value, operation: 'backup' });
    if (!state.ok) return state;
    const blob = yield* backupObject(call.vault, state.value);
    return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
  },
};

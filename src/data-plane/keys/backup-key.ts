import { backupObject } from '../../objects/backup.ts';
import { unmanagedState } from '../../objects/state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** POST /keys/{name}/backup: all versions of the key, its rotation policy with them, as one sealed blob. */
export const backupKey: OperationCard = {
  name: 'KeyBackup',
  permission: 'keys/backup',
  method: 'POST',
  path: '/keys/:name/backup',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const state = yield* unmanagedState(call.vault, 'keys', { name: name.value, operation: 'backup' });
    if (!state.ok) return state;
    const blob = yield* backupObject(call.vault, state.value);
    return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
  },
};

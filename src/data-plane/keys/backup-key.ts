import { backupObject } from '../../objects/backup.ts';
import { keyToChange } from '../../objects/key-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** POST /keys/{name}/backup: all versions of the key, its rotation policy with them, as one sealed blob. */
export const backupKey: OperationCard = {
  name: 'KeyBackup',
  permission: 'keys/backup',
  method: 'POST',
  path: '/keys/:name/backup',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = await keyToChange(call.vault, name.value, 'backup');
    if (!found.ok) return found;
    const blob = await backupObject(found.value.scope, 'keys', name.value);
    return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
  },
};

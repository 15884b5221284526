import { restoreObject } from '../../objects/backup.ts';
import { backupBlob } from '../body.ts';
import type { OperationCard } from '../operation.ts';
import { secretAnswer } from './bundle.ts';

/** POST /secrets/restore: the secret of a backup, under its own name and with its versions. */
export const restoreSecret: OperationCard = {
  name: 'SecretRestore',
  permission: 'secrets/restore',
  method: 'POST',
  path: '/secrets/restore',
  *run(call) {
    const blob = backupBlob(call.body);
    if (!blob.ok) return blob;
    return secretAnswer(call, yield* restoreObject(call.vault, 'secrets', blob.value));
  },
};

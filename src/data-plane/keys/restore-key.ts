import { restoreKey as restore } from '../../objects/key-change.ts';
import { backupBlob } from '../body.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /keys/restore: the key of a backup, under its own name and with its versions. */
export const restoreKey: OperationCard = {
  name: 'KeyRestore',
  permission: 'keys/restore',
  method: 'POST',
  path: '/keys/restore',
  *run(call) {
    const blob = backupBlob(call.body);
    if (!blob.ok) return blob;
    return keyAnswer(call, yield* restore(call.vault, blob.value));
  },
};

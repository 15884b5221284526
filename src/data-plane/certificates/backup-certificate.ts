import { backupCertificate as backup } from '../../objects/backup.ts';
import { certificateState } from '../../objects/certificate-state.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** POST /certificates/{name}/backup: all versions of the certificate, with their keys and secrets, as one sealed blob. */
export const backupCertificate: OperationCard = {
  name: 'CertificateBackup',
  permission: 'certificates/backup',
  method: 'POST',
  path: '/certificates/:name/backup',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const blob = yield* backup(call.vault, yield* certificateState(call.vault, { name: name.value }));
    return blob.ok ? { ...blob, value: { status: 200, body: { value: blob.value } } } : blob;
  },
};

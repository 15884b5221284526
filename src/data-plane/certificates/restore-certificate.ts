import { certificateProperties } from '../../objects/certificate.ts';
import { restoreCertificate as restore } from '../../objects/certificate-backup.ts';
import { backupBlob } from '../body.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** POST /certificates/restore: the certificate of a backup, under its own name, with its versions, key and secret. */
export const restoreCertificate: OperationCard = {
  name: 'CertificateRestore',
  permission: 'certificates/restore',
  method: 'POST',
  path: '/certificates/restore',
  *run(call) {
    const blob = backupBlob(call.body);
    if (!blob.ok) return blob;
    const restored = yield* restore(call.vault, blob.value);
    if (!restored.ok) return restored;
    const audit = { certificateProperties: certificateProperties(restored.value.current) };
    return { ...restored, value: { status: 200, body: certificateBundle(call, restored.value) }, audit };
  },
};

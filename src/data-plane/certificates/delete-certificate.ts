import { deleteCertificate as remove } from '../../objects/certificate-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { deletedCertificateAnswer } from './deleted-certificate.ts';

/** DELETE /certificates/{name}: soft-deletes the certificate with all its versions, its key and its secret. */
export const deleteCertificate: OperationCard = {
  name: 'CertificateDelete',
  permission: 'certificates/delete',
  method: 'DELETE',
  path: '/certificates/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* remove(call.vault, { name: name.value, nowSeconds: call.nowSeconds });
    if (!deleted.ok) return deleted;
    return { ...deleted, ...deletedCertificateAnswer(call, deleted.value, deleted.value.isPending) };
  },
};

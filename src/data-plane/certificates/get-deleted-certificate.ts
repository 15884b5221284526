import { hasPending } from '../../objects/certificate-read.ts';
import { getDeleted } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { deletedCertificateAnswer } from './deleted-certificate.ts';

/** GET /deletedcertificates/{name} */
export const getDeletedCertificate: OperationCard = {
  name: 'CertificateGetDeleted',
  permission: 'certificates/get',
  method: 'GET',
  path: '/deletedcertificates/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* getDeleted(call.vault, 'certificates', name.value);
    if (!deleted.ok) return deleted;
    const isPending = yield* hasPending(call.vault, name.value);
    return deletedCertificateAnswer(call, deleted.value, isPending);
  },
};

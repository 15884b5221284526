import { purgeCertificate } from '../../objects/certificate-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** DELETE /deletedcertificates/{name}: destroys the certificate with all its versions, its key and its secret. */
export const purgeDeletedCertificate: OperationCard = {
  name: 'CertificatePurge',
  permission: 'certificates/purge',
  method: 'DELETE',
  path: '/deletedcertificates/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const purged = yield* purgeCertificate(call.vault, name.value);
    if (!purged.ok) return purged;
    return { ...purged, value: { status: 204 } };
  },
};

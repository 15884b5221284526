import { deleteIssuer } from '../../objects/certificate-issuers.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { issuerBundle } from './issuer-body.ts';

/** DELETE /certificates/issuers/{name} */
export const deleteCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerDelete',
  permission: 'certificates/deleteissuers',
  method: 'DELETE',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* deleteIssuer(call.vault, name.value);
    if (!deleted.ok) return deleted;
    return { ...deleted, value: { status: 200, body: issuerBundle(call, deleted.value) } };
  },
};

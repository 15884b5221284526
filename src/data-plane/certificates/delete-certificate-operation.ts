import { deletePending } from '../../objects/certificate-complete.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { pendingBody } from './bundle.ts';

/** DELETE /certificates/{name}/pending: the certificate is not made any more. */
export const deleteCertificateOperation: OperationCard = {
  name: 'CertificatePendingDelete',
  permission: 'certificates/update',
  method: 'DELETE',
  path: '/certificates/:name/pending',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = yield* deletePending(call.vault, { name: name.value, requestId: call.query['request_id'] });
    if (!deleted.ok) return deleted;
    return { ...deleted, value: { status: 200, body: pendingBody(call, deleted.value) } };
  },
};

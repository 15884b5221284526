import { getPending } from '../../objects/certificate-pending.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { pendingBody, retryAfter } from './bundle.ts';

/** GET /certificates/{name}/pending. A `request_id` in the query must be the operation's own. */
export const getCertificateOperation: OperationCard = {
  name: 'CertificatePendingGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/pending',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = yield* getPending(call.vault, { name: name.value, requestId: call.query['request_id'] });
    if (!found.ok) return found;
    const headers = retryAfter(call, found.value);
    return { ok: true, value: { status: 200, body: pendingBody(call, found.value), headers } };
  },
};

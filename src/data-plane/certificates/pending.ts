import { deletePending } from '../../objects/certificates/complete.ts';
import { getPending, updatePending } from '../../objects/certificates/pending.ts';
import { boolean, object } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import { objectName } from '../operation.ts';
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

/** CertificateOperationUpdateParameter */
const updateBody = object({ cancellation_requested: boolean });

/** PATCH /certificates/{name}/pending: requests that the operation be cancelled. */
export const updateCertificateOperation: OperationCard = {
  name: 'CertificatePendingUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/pending',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const body = readAs(updateBody, call.body);
    if (!body.ok) return body;
    const { cancellation_requested: cancellationRequested } = body.value;
    const requestId = call.query['request_id'];
    const asked = { name: name.value, requestId, cancellationRequested, issueMs: call.issueMs };
    const updated = yield* updatePending(call.vault, asked);
    if (!updated.ok) return updated;
    return { ...updated, value: { status: 200, body: pendingBody(call, updated.value) } };
  },
};

/** DELETE /certificates/{name}/pending: ends the operation, and the certificate is not issued. */
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

import { deletePending } from '../../objects/certificates/complete.ts';
import { getPending, updatePending } from '../../objects/certificates/pending.ts';
import { boolean, object } from '../../shape/shape.ts';
import { readAs } from '../body.ts';
import { answer, objectName, orRefuse } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { pendingBody, retryAfter } from './bundle.ts';

/** GET /certificates/{name}/pending. A `request_id` in the query must be the operation's own. */
export const getCertificateOperation: OperationCard = {
  name: 'CertificatePendingGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/pending',
  *run(call) {
    const { value: pending } = orRefuse(yield* getPending(call.vault, askedOf(call)));
    return { answer: { status: 200, body: pendingBody(call, pending), headers: retryAfter(call, pending) } };
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
    const asked = askedOf(call);
    const { cancellation_requested: cancellationRequested } = readAs(updateBody, call.body);
    const updated = yield* updatePending(call.vault, { ...asked, cancellationRequested, issueMs: call.issueMs });
    const { value: pending, change } = orRefuse(updated);
    return answer(200, pendingBody(call, pending), change);
  },
};

/** DELETE /certificates/{name}/pending: ends the operation, and the certificate is not issued. */
export const deleteCertificateOperation: OperationCard = {
  name: 'CertificatePendingDelete',
  permission: 'certificates/update',
  method: 'DELETE',
  path: '/certificates/:name/pending',
  *run(call) {
    const { value: pending, change } = orRefuse(yield* deletePending(call.vault, askedOf(call)));
    return answer(200, pendingBody(call, pending), change);
  },
};

function askedOf(call: Call) {
  return { name: objectName(call), requestId: call.query['request_id'] };
}

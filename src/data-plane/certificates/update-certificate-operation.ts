import { updatePending } from '../../objects/certificate-pending.ts';
import { refused } from '../../objects/object.ts';
import { readMembers } from '../members.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { pendingBody } from './bundle.ts';

/** PATCH /certificates/{name}/pending: asks that the operation be cancelled. */
export const updateCertificateOperation: OperationCard = {
  name: 'CertificatePendingUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/pending',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const members = readMembers(call.body, '', { cancellation_requested: 'flag' });
    if (!members.ok) return members;
    const { cancellation_requested: cancellationRequested } = members.value;
    if (cancellationRequested === undefined) {
      return refused({ kind: 'badParameter', message: 'The member cancellation_requested is missing.' });
    }
    const requestId = call.query['request_id'];
    const asked = { name: name.value, requestId, cancellationRequested, issueMs: call.issueMs };
    const updated = yield* updatePending(call.vault, asked);
    if (!updated.ok) return updated;
    return { ...updated, value: { status: 200, body: pendingBody(call, updated.value) } };
  },
};

import { refused } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';

/** GET /keys/{name}/{version?}/attestation: refused, for no HSM keeps our keys that could attest them. */
export const getKeyAttestation: OperationCard = {
  name: 'KeyGetAttestation',
  permission: 'keys/get',
  method: 'GET',
  path: '/keys/:name/:version/attestation',
  alsoAt: '/keys/:name/attestation',
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const found = yield* getVersion(call.vault, 'keys', asked.value);
    if (!found.ok) return found;
    return refused({ kind: 'attestationMissing', operation: 'attestation' });
  },
};

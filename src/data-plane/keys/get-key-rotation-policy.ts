import { getVersion } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { policyBody } from './rotation-policy.ts';

/** GET /keys/{name}/rotationpolicy */
export const getKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicyGet',
  permission: 'keys/getrotationpolicy',
  method: 'GET',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = yield* getVersion(call.vault, 'keys', { name: name.value });
    if (!found.ok) return found;
    return { ok: true, value: { status: 200, body: policyBody(call, found.value) } };
  },
};

import { setRotationPolicy } from '../../objects/key-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { policyBody, policyParameters } from './rotation-policy.ts';

/** PUT /keys/{name}/rotationpolicy: the policy whole, in the place of the one before. */
export const updateKeyRotationPolicy: OperationCard = {
  name: 'KeyRotationPolicySet',
  permission: 'keys/setrotationpolicy',
  method: 'PUT',
  path: '/keys/:name/rotationpolicy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const policy = policyParameters(call.body);
    if (!policy.ok) return policy;
    const asked = { name: name.value, now: call.nowSeconds, policy: policy.value };
    const set = yield* setRotationPolicy(call.vault, asked);
    if (!set.ok) return set;
    return { ...set, value: { status: 200, body: policyBody(call, set.value) } };
  },
};

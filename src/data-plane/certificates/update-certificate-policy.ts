import { updatePolicy } from '../../objects/certificate-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { policyBody } from './bundle.ts';
import { policyParameters } from './policy-parameters.ts';

/** PATCH /certificates/{name}/policy: what is mentioned changes, and holds from the next version on. */
export const updateCertificatePolicy: OperationCard = {
  name: 'CertificatePolicyUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/policy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const policy = policyParameters(call.body, '');
    if (!policy.ok) return policy;
    const updated = yield* updatePolicy(call.vault, { name: name.value, policy: policy.value, now: call.nowSeconds });
    if (!updated.ok) return updated;
    const body = policyBody(call, updated.value.name, updated.value.current.policy);
    return { ...updated, value: { status: 200, body } };
  },
};

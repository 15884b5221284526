import { getCurrent } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { policyBody } from './bundle.ts';

/** GET /certificates/{name}/policy */
export const getCertificatePolicy: OperationCard = {
  name: 'CertificatePolicyGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/policy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const found = yield* getCurrent(call.vault, 'certificates', name.value);
    if (!found.ok) return found;
    const body = policyBody(call, found.value.name, found.value.current.policy);
    return { ok: true, value: { status: 200, body } };
  },
};

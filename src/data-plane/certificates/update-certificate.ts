import { certificateProperties } from '../../objects/certificate.ts';
import { updateCertificate as update } from '../../objects/certificate-change.ts';
import { readMembers } from '../members.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';
import { certificateParameters } from './parameters.ts';
import { policyParameters } from './policy-parameters.ts';

const shape = { policy: 'anything', attributes: 'anything', tags: 'anything' } as const;

/** PATCH /certificates/{name}/{version?}: tags, `enabled` and the policy; `enabled` also of its key and its secret. */
export const updateCertificate: OperationCard = {
  name: 'CertificateUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'certificates');
    if (!asked.ok) return asked;
    const members = readMembers(call.body, '', shape);
    if (!members.ok) return members;
    const parameters = certificateParameters(members.value);
    if (!parameters.ok) return parameters;
    const sent = members.value.policy;
    const policy = sent === undefined ? undefined : policyParameters(sent, 'policy.');
    if (policy?.ok === false) return policy;
    const updated = yield* update(call.vault, {
      ...asked.value,
      parameters: parameters.value,
      policy: policy?.value,
      now: call.nowSeconds,
    });
    if (!updated.ok) return updated;
    const { version } = asked.value;
    const { isPending } = updated.value;
    const body = certificateBundle(call, updated.value, { isVersion: version !== undefined, isPending });
    const audit = { certificateProperties: certificateProperties(updated.value.current) };
    return { ...updated, value: { status: 200, body }, audit };
  },
};

import { createCertificate as create } from '../../objects/certificate-create.ts';
import { readMembers } from '../members.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { pendingBody, retryAfter } from './bundle.ts';
import { certificateParameters } from './parameters.ts';
import { policyParameters } from './policy-parameters.ts';

const shape = { policy: 'anything', attributes: 'anything', tags: 'anything', preserveCertOrder: 'flag' } as const;

/** POST /certificates/{name}/create: begins to make the certificate, or another version of it. */
export const createCertificate: OperationCard = {
  name: 'CertificateCreate',
  permission: 'certificates/create',
  method: 'POST',
  path: '/certificates/:name/create',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const members = readMembers(call.body, '', shape);
    if (!members.ok) return members;
    const parameters = certificateParameters(members.value);
    if (!parameters.ok) return parameters;
    const sent = members.value.policy;
    const policy = sent === undefined ? undefined : policyParameters(sent, 'policy.');
    if (policy?.ok === false) return policy;
    const asked = { name: name.value, policy: policy?.value, parameters: parameters.value };
    const begun = await create(call.vault, asked, call);
    if (!begun.ok) return begun;
    const body = pendingBody(call, begun.value);
    const query = new URLSearchParams({ 'api-version': call.apiVersion, request_id: begun.value.requestId });
    const headers = { location: `${body.id}?${query.toString()}`, ...retryAfter(call, begun.value) };
    return { ...begun, value: { status: 202, body, headers } };
  },
};

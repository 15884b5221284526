import { createCertificate as create } from '../../objects/certificate-create.ts';
import { defaultKeyType } from '../../objects/certificate-key.ts';
import { getCurrent } from '../../objects/read.ts';
import type { Reading } from '../../store/reading.ts';
import { memberOf } from '../../http/parameters.ts';
import { readMembers } from '../members.ts';
import { objectName } from '../object-id.ts';
import type { Call, OperationCard } from '../operation.ts';
import { pendingBody, retryAfter } from './bundle.ts';
import { certificateParameters } from './parameters.ts';
import { policyParameters } from './policy-parameters.ts';

const shape = { policy: 'anything', attributes: 'anything', tags: 'anything', preserveCertOrder: 'flag' } as const;

/** Without a policy it is made as the version before was. */
function* keyTypeAsked(call: Call): Reading<string | undefined> {
  const policy = memberOf(call.body, 'policy') ?? undefined;
  const sent = memberOf(memberOf(policy, 'key_props'), 'kty');
  if (typeof sent === 'string') return sent;
  const name = objectName(call);
  if (policy !== undefined || !name.ok) return defaultKeyType;
  const before = yield* getCurrent(call.vault, 'certificates', name.value);
  return before.ok ? before.value.current.policy.key.kty : defaultKeyType;
}

/** POST /certificates/{name}/create: begins to make the certificate, or another version of it. */
export const createCertificate: OperationCard = {
  name: 'CertificateCreate',
  permission: 'certificates/create',
  method: 'POST',
  path: '/certificates/:name/create',
  makes: keyTypeAsked,
  *run(call) {
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
    const begun = yield* create(call.vault, asked, call);
    if (!begun.ok) return begun;
    const body = pendingBody(call, begun.value);
    const query = new URLSearchParams({ 'api-version': call.apiVersion, request_id: begun.value.requestId });
    const headers = { location: `${body.id}?${query.toString()}`, ...retryAfter(call, begun.value) };
    return { ...begun, value: { status: 202, body, headers } };
  },
};

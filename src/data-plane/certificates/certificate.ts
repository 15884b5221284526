import { certificateProperties, isIssued } from '../../objects/certificates/certificate.ts';
import type { CertificateVersion } from '../../objects/certificates/certificate.ts';
import { updateCertificate as update, updatePolicy } from '../../objects/certificates/change.ts';
import { hasPending } from '../../objects/certificates/pending.ts';
import type { Outcome } from '../../objects/object.ts';
import { getCurrent, getVersion } from '../../objects/read.ts';
import { object, optional } from '../../shape/shape.ts';
import { objectMembers, readAs } from '../body.ts';
import { lifeCycleOperations } from '../life-cycle.ts';
import { objectId, objectName } from '../operation.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle, certificateItem, policyBody } from './bundle.ts';
import { certificateParameters, certificatePolicy, includePending } from './parameters.ts';

/** GET /certificates/{name}/{version?}, also of a disabled one: `enabled` only switches off its key and its secret. */
const getCertificate: OperationCard = {
  name: 'CertificateGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'certificates');
    if (!asked.ok) return asked;
    const found = yield* getVersion(call.vault, 'certificates', asked.value);
    if (!found.ok) return found;
    const { name, version } = asked.value;
    const isVersion = version !== undefined;
    const isPending = !isVersion && (yield* hasPending(call.vault, name));
    const body = certificateBundle(call, found.value, { isVersion, isPending });
    const audit = { certificateProperties: certificateProperties(found.value.current) };
    return { ok: true, value: { status: 200, body }, audit };
  },
};

/** CertificateUpdateParameters */
const updateBody = object({ policy: optional(certificatePolicy), ...objectMembers });

/** PATCH /certificates/{name}/{version?}: changes tags, policy and `enabled`, which also applies to key and secret. */
const updateCertificate: OperationCard = {
  name: 'CertificateUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/:version?',
  *run(call) {
    const asked = objectId(call, 'certificates');
    if (!asked.ok) return asked;
    const sent = readAs(updateBody, call.body);
    if (!sent.ok) return sent;
    const parameters = certificateParameters(sent.value);
    if (!parameters.ok) return parameters;
    const updated = yield* update(call.vault, {
      ...asked.value,
      parameters: parameters.value,
      policy: sent.value.policy,
      nowSeconds: call.nowSeconds,
    });
    if (!updated.ok) return updated;
    const { version } = asked.value;
    const { isPending } = updated.value;
    const body = certificateBundle(call, updated.value, { isVersion: version !== undefined, isPending });
    const audit = { certificateProperties: certificateProperties(updated.value.current) };
    return { ...updated, value: { status: 200, body }, audit };
  },
};

/** GET /certificates/{name}/policy */
const getCertificatePolicy: OperationCard = {
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

/** PATCH /certificates/{name}/policy: changes the members that are sent. They apply from the next version on. */
const updateCertificatePolicy: OperationCard = {
  name: 'CertificatePolicyUpdate',
  permission: 'certificates/update',
  method: 'PATCH',
  path: '/certificates/:name/policy',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const policy = readAs(certificatePolicy, call.body);
    if (!policy.ok) return policy;
    const updated = yield* updatePolicy(call.vault, {
      name: name.value,
      policy: policy.value,
      nowSeconds: call.nowSeconds,
    });
    if (!updated.ok) return updated;
    const body = policyBody(call, updated.value.name, updated.value.current.policy);
    return { ...updated, value: { status: 200, body } };
  },
};

/** Which versions are listed: those that are not issued yet only with `includePending`. */
function isListed(asked: string | undefined): Outcome<(version: CertificateVersion) => boolean> {
  const pending = includePending(asked);
  return pending.ok ? { ok: true, value: (version) => pending.value || isIssued(version) } : pending;
}

/** The operations on certificates that exist, and on their policies. */
export const certificateObjectOperations: readonly OperationCard[] = [
  getCertificate,
  updateCertificate,
  getCertificatePolicy,
  updateCertificatePolicy,
  ...lifeCycleOperations({
    collection: 'certificates',
    bundle: certificateBundle,
    item: certificateItem,
    deletedItem(call, certificate) {
      // The recorded lists of deleted certificates have no subject.
      const { subject: _, ...item } = certificateItem(call, certificate);
      return item;
    },
    audit: (version) => ({ certificateProperties: certificateProperties(version) }),
    isListed,
  }),
];

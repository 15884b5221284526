import { isIssued } from '../../objects/certificates/certificate.ts';
import type { CertificateVersion } from '../../objects/certificates/certificate.ts';
import { updateCertificate as update, updatePolicy } from '../../objects/certificates/change.ts';
import { hasPending } from '../../objects/certificates/pending.ts';
import { getCurrent, getVersion } from '../../objects/read.ts';
import { object, optional } from '../../shape/shape.ts';
import { objectMembers, parametersOf, readAs } from '../body.ts';
import { lifeCycleOperations } from '../life-cycle.ts';
import { answer, badParameter, nameAndVersion, objectName, orRefuse } from '../operation.ts';
import type { OperationCard } from '../operation.ts';
import { certificateAnswer, certificateAudit, certificateBundle, certificateItem, policyBody } from './bundle.ts';
import { certificatePolicy } from './parameters.ts';

/** GET /certificates/{name}/{version?}, also of a disabled one: `enabled` only switches off its key and its secret. */
const getCertificate: OperationCard = {
  name: 'CertificateGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/:version?',
  *run(call) {
    const asked = nameAndVersion(call, 'certificates');
    const found = orRefuse(yield* getVersion(call.vault, 'certificates', asked));
    const isVersion = asked.version !== undefined;
    const isPending = !isVersion && (yield* hasPending(call.vault, asked.name));
    return certificateAnswer(call, found, { isVersion, isPending });
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
    const asked = nameAndVersion(call, 'certificates');
    const { policy, ...members } = readAs(updateBody, call.body);
    const parameters = parametersOf(members);
    const { nowSeconds } = call;
    const updated = orRefuse(yield* update(call.vault, { ...asked, parameters, policy, nowSeconds }));
    const { isPending } = updated.value;
    return certificateAnswer(call, updated, { isVersion: asked.version !== undefined, isPending });
  },
};

/** GET /certificates/{name}/policy */
const getCertificatePolicy: OperationCard = {
  name: 'CertificatePolicyGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/policy',
  *run(call) {
    const { value: certificate } = orRefuse(yield* getCurrent(call.vault, 'certificates', objectName(call)));
    return answer(200, policyBody(call, certificate));
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
    const asked = { name, policy: readAs(certificatePolicy, call.body), nowSeconds: call.nowSeconds };
    const { value: certificate, change } = orRefuse(yield* updatePolicy(call.vault, asked));
    return answer(200, policyBody(call, certificate), change);
  },
};

/** Which versions are listed: those that are not issued yet only with `includePending`. */
function isListed(includePending = 'false'): (version: CertificateVersion) => boolean {
  if (/^true$/i.test(includePending)) return () => true;
  if (/^false$/i.test(includePending)) return isIssued;
  return badParameter(`includePending is '${includePending.slice(0, 64)}'; it must be true or false.`);
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
    audit: certificateAudit,
    isListed,
  }),
];

import { memberOf } from '../../http/request.ts';
import { createCertificate as create } from '../../objects/certificates/create.ts';
import { importCertificate as take } from '../../objects/certificates/import.ts';
import { defaultKeyType } from '../../objects/certificates/policy-key.ts';
import { mergeCertificate as merge } from '../../objects/certificates/complete.ts';
import { isObjectName } from '../../objects/object.ts';
import { getCurrent } from '../../objects/read.ts';
import type { Reading } from '../../store/records.ts';
import { object, optional, string } from '../../shape/shape.ts';
import { objectMembers, parametersOf, readAs, strings } from '../body.ts';
import { badParameter, objectName, orRefuse } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { certificateAnswer, pendingBody, retryAfter } from './bundle.ts';
import { base64, certificateMembers, certificatePolicy } from './parameters.ts';

/** CertificateCreateParameters */
const createBody = object({ policy: optional(certificatePolicy), ...certificateMembers });

/** The type of key that the request names. Without a policy, the new version has that of the version before. */
function* requestedKeyType(call: Call): Reading<string | undefined> {
  const policy = memberOf(call.body, 'policy') ?? undefined;
  const sent = memberOf(memberOf(policy, 'key_props'), 'kty');
  if (typeof sent === 'string') return sent;
  const { name = '' } = call.params;
  if (policy !== undefined || !isObjectName(name)) return defaultKeyType;
  const before = yield* getCurrent(call.vault, 'certificates', name);
  return before.ok ? before.value.current.policy.key.kty : defaultKeyType;
}

/** POST /certificates/{name}/create: begins to create the certificate, or another version of it. */
export const createCertificate: OperationCard = {
  name: 'CertificateCreate',
  permission: 'certificates/create',
  method: 'POST',
  path: '/certificates/:name/create',
  makes: requestedKeyType,
  *run(call) {
    const name = objectName(call);
    const { policy, ...members } = readAs(createBody, call.body);
    const asked = { name, policy, parameters: parametersOf(members) };
    const { value: pending, change } = orRefuse(yield* create(call.vault, asked, call));
    const body = pendingBody(call, pending);
    const query = new URLSearchParams({ 'api-version': call.apiVersion, request_id: pending.requestId });
    const headers = { location: `${body.id}?${query.toString()}`, ...retryAfter(call, pending) };
    return { answer: { status: 202, body, headers }, change };
  },
};

/** CertificateImportParameters */
const importBody = object({
  value: string,
  pwd: optional(string, ''),
  policy: optional(certificatePolicy, {}),
  ...certificateMembers,
});

/** POST /certificates/{name}/import: imports a certificate with its private key, as PKCS #12 or PEM. */
export const importCertificate: OperationCard = {
  name: 'CertificateImport',
  permission: 'certificates/import',
  method: 'POST',
  path: '/certificates/:name/import',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    const { value, pwd, policy, ...members } = readAs(importBody, call.body);
    const imported = yield* take(call.vault, {
      name,
      value,
      password: pwd,
      policy,
      parameters: parametersOf(members),
      version: call.newVersion(),
      engine: call.engine,
      files: call.certificateFiles,
      whileConnected: call.whileConnected,
    });
    return certificateAnswer(call, orRefuse(imported));
  },
};

/** CertificateMergeParameters */
const mergeBody = object({ x5c: optional(strings, []), ...objectMembers });

/** POST /certificates/{name}/pending/merge: takes the certificate that a CA signed for the pending request. */
export const mergeCertificate: OperationCard = {
  name: 'CertificatePendingMerge',
  permission: 'certificates/create',
  method: 'POST',
  path: '/certificates/:name/pending/merge',
  *run(call) {
    const name = objectName(call);
    const { x5c, ...members } = readAs(mergeBody, call.body);
    const parameters = parametersOf(members);
    const certificates = x5c.map(certificateOf).filter((bytes) => bytes !== undefined);
    if (certificates.length === 0 || certificates.length !== x5c.length) {
      badParameter(
        'Property x5c has invalid value. X5C must have at least one valid item: each is a certificate in DER, as base64.',
      );
    }
    const merged = orRefuse(yield* merge(call.vault, { name, certificates, parameters }));
    const headers = { location: `${call.origin}/certificates/${merged.value.name}?api-version=${call.apiVersion}` };
    const { answer, ...others } = certificateAnswer(call, merged, { isPending: true });
    return { ...others, answer: { ...answer, status: 201, headers } };
  },
};

/** The first octet of a certificate, a SEQUENCE (X.690 section 8.9). */
const sequence = 0x30;

/** The first and last line of a certificate in PEM, also with a space lost between the words. */
const pemLines = /-----(?:BEGIN|END) ?CERTIFICATE-----/g;

/**
 * Reads a certificate in DER, as base64. Azure also takes base64 that was encoded as base64 again: Microsoft's tests of
 * its clients for Python and JavaScript pass the lines of a PEM file, with its last line, and the client encodes them.
 */
function certificateOf(item: string): Uint8Array | undefined {
  const octets = base64(item);
  if (octets === undefined || octets[0] === sequence) return octets;
  return base64(Buffer.from(octets).toString('latin1').replaceAll(pemLines, '')) ?? octets;
}

import { memberOf } from '../../http/request.ts';
import { certificateProperties } from '../../objects/certificates/certificate.ts';
import { createCertificate as create } from '../../objects/certificates/create.ts';
import { importCertificate as take } from '../../objects/certificates/import.ts';
import { defaultKeyType } from '../../objects/certificates/policy-key.ts';
import { mergeCertificate as merge } from '../../objects/certificates/complete.ts';
import { refused } from '../../objects/object.ts';
import { getCurrent } from '../../objects/read.ts';
import type { Reading } from '../../store/records.ts';
import { readMembers } from '../body.ts';
import { objectName } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { certificateBundle, pendingBody, retryAfter } from './bundle.ts';
import { base64, certificateParameters, policyParameters } from './parameters.ts';

const createShape = {
  policy: 'anything',
  attributes: 'anything',
  tags: 'anything',
  preserveCertOrder: 'flag',
} as const;

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
    const members = readMembers(call.body, '', createShape);
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

const importShape = {
  value: 'text',
  pwd: 'text',
  policy: 'anything',
  attributes: 'anything',
  tags: 'anything',
  preserveCertOrder: 'flag',
} as const;

/** POST /certificates/{name}/import: takes a certificate with its private key, as PKCS #12 or PEM. */
export const importCertificate: OperationCard = {
  name: 'CertificateImport',
  permission: 'certificates/import',
  method: 'POST',
  path: '/certificates/:name/import',
  counts: 'setOrImport',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const members = readMembers(call.body, '', importShape);
    if (!members.ok) return members;
    const { value, pwd = '' } = members.value;
    if (value === undefined) return refused({ kind: 'badParameter', message: 'The member value is missing.' });
    const parameters = certificateParameters(members.value);
    if (!parameters.ok) return parameters;
    const policy = policyParameters(members.value.policy ?? {}, 'policy.');
    if (!policy.ok) return policy;
    const asked = {
      name: name.value,
      value,
      password: pwd,
      policy: policy.value,
      parameters: parameters.value,
      version: call.newVersion(),
      engine: call.engine,
      files: call.certificateFiles,
      whileConnected: call.whileConnected,
    };
    const imported = yield* take(call.vault, asked);
    if (!imported.ok) return imported;
    const audit = { certificateProperties: certificateProperties(imported.value.current) };
    return { ...imported, value: { status: 200, body: certificateBundle(call, imported.value) }, audit };
  },
};

/** POST /certificates/{name}/pending/merge: the certificate that somebody signed for the pending request. */
export const mergeCertificate: OperationCard = {
  name: 'CertificatePendingMerge',
  permission: 'certificates/create',
  method: 'POST',
  path: '/certificates/:name/pending/merge',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const members = readMembers(call.body, '', { x5c: 'texts', attributes: 'anything', tags: 'anything' });
    if (!members.ok) return members;
    const parameters = certificateParameters(members.value);
    if (!parameters.ok) return parameters;
    const certificates = (members.value.x5c ?? []).map(certificateOf).filter((bytes) => bytes !== undefined);
    if (certificates.length === 0 || certificates.length !== members.value.x5c?.length) {
      const message =
        'Property x5c has invalid value. X5C must have at least one valid item: each is a certificate in DER, as base64.';
      return refused({ kind: 'badParameter', message });
    }
    const merged = yield* merge(call.vault, { name: name.value, certificates, parameters: parameters.value });
    if (!merged.ok) return merged;
    const body = certificateBundle(call, merged.value, { isPending: true });
    const headers = { location: `${call.origin}/certificates/${merged.value.name}?api-version=${call.apiVersion}` };
    const audit = { certificateProperties: certificateProperties(merged.value.current) };
    return { ...merged, value: { status: 201, body, headers }, audit };
  },
};

/** The first octet of a certificate, a SEQUENCE (X.690 section 8.9). */
const sequence = 0x30;

/** The lines around a certificate in PEM, however they were joined. */
const pemLines = /-----(?:BEGIN|END) ?CERTIFICATE-----/g;

/**
 * A certificate in DER, as base64. Azure also takes base64 of that text: Microsoft's tests of its clients for Python and
 * JavaScript give the client, which encodes what it is given, the lines of a PEM file, the last one with them.
 */
function certificateOf(item: string): Uint8Array | undefined {
  const octets = base64(item);
  if (octets === undefined || octets[0] === sequence) return octets;
  return base64(Buffer.from(octets).toString('latin1').replaceAll(pemLines, '')) ?? octets;
}

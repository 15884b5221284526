import { memberOf } from '../../http/request.ts';
import { certificateProperties } from '../../objects/certificates/certificate.ts';
import { createCertificate as create } from '../../objects/certificates/create.ts';
import { importCertificate as take } from '../../objects/certificates/import.ts';
import { defaultKeyType } from '../../objects/certificates/policy-key.ts';
import { mergeCertificate as merge } from '../../objects/certificates/complete.ts';
import { refused } from '../../objects/object.ts';
import { getCurrent } from '../../objects/read.ts';
import type { Reading } from '../../store/records.ts';
import { object, optional, string } from '../../shape/shape.ts';
import { objectMembers, readAs, strings } from '../body.ts';
import { objectName } from '../operation.ts';
import type { Call, OperationCard } from '../operation.ts';
import { certificateBundle, pendingBody, retryAfter } from './bundle.ts';
import { base64, certificateMembers, certificateParameters, certificatePolicy } from './parameters.ts';

/** CertificateCreateParameters */
const createBody = object({ policy: optional(certificatePolicy), ...certificateMembers });

/** The type of key that the request names. Without a policy, the new version has that of the version before. */
function* requestedKeyType(call: Call): Reading<string | undefined> {
  const policy = memberOf(call.body, 'policy') ?? undefined;
  const sent = memberOf(memberOf(policy, 'key_props'), 'kty');
  if (typeof sent === 'string') return sent;
  const name = objectName(call);
  if (policy !== undefined || !name.ok) return defaultKeyType;
  const before = yield* getCurrent(call.vault, 'certificates', name.value);
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
    if (!name.ok) return name;
    const body = readAs(createBody, call.body);
    if (!body.ok) return body;
    const parameters = certificateParameters(body.value);
    if (!parameters.ok) return parameters;
    const asked = { name: name.value, policy: body.value.policy, parameters: parameters.value };
    const begun = yield* create(call.vault, asked, call);
    if (!begun.ok) return begun;
    const pending = pendingBody(call, begun.value);
    const query = new URLSearchParams({ 'api-version': call.apiVersion, request_id: begun.value.requestId });
    const headers = { location: `${pending.id}?${query.toString()}`, ...retryAfter(call, begun.value) };
    return { ...begun, value: { status: 202, body: pending, headers } };
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
    if (!name.ok) return name;
    const body = readAs(importBody, call.body);
    if (!body.ok) return body;
    const { value, pwd, policy } = body.value;
    const parameters = certificateParameters(body.value);
    if (!parameters.ok) return parameters;
    const asked = {
      name: name.value,
      value,
      password: pwd,
      policy,
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
    if (!name.ok) return name;
    const sent = readAs(mergeBody, call.body);
    if (!sent.ok) return sent;
    const { x5c } = sent.value;
    const parameters = certificateParameters(sent.value);
    if (!parameters.ok) return parameters;
    const certificates = x5c.map(certificateOf).filter((bytes) => bytes !== undefined);
    if (certificates.length === 0 || certificates.length !== x5c.length) {
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

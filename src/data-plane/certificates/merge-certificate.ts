import { certificateProperties } from '../../objects/certificate.ts';
import { mergeCertificate as merge } from '../../objects/certificate-merge.ts';
import { refused } from '../../objects/object.ts';
import { readMembers } from '../members.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';
import { base64, certificateParameters } from './parameters.ts';

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

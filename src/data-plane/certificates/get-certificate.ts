import { certificateProperties } from '../../objects/certificate.ts';
import { getCertificate as get } from '../../objects/certificate-read.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** GET /certificates/{name}/{version?}. Also of a disabled one: what `enabled` switches off is its key and its secret. */
export const getCertificate: OperationCard = {
  name: 'CertificateGet',
  permission: 'certificates/get',
  method: 'GET',
  path: '/certificates/:name/:version?',
  async run(call) {
    const asked = objectId(call, 'certificates');
    if (!asked.ok) return asked;
    const found = await get(call.vault, asked.value);
    if (!found.ok) return found;
    const { certificate, isPending } = found.value;
    const audit = { certificateProperties: certificateProperties(certificate.current) };
    return { ok: true, value: { status: 200, body: certificateBundle(call, certificate, { isPending }) }, audit };
  },
};

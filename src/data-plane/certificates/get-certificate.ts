import { certificateProperties } from '../../objects/certificate.ts';
import { hasPending } from '../../objects/certificate-read.ts';
import { getVersion } from '../../objects/read.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** GET /certificates/{name}/{version?}. Also of a disabled one: what `enabled` switches off is its key and its secret. */
export const getCertificate: OperationCard = {
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

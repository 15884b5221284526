import { issuedOnly } from '../../objects/certificate-read.ts';
import { listObjects } from '../../objects/read.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { certificateItem } from './bundle.ts';
import { includePending } from './parameters.ts';

/** GET /certificates */
export const getCertificates: OperationCard = {
  name: 'CertificateList',
  permission: 'certificates/list',
  method: 'GET',
  path: '/certificates',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const pending = includePending(call);
    if (!pending.ok) return pending;
    const page = yield* listObjects(call.vault, 'certificates', asked.page);
    const shown = issuedOnly(page, pending.value);
    const body = listBody(call, '/certificates', shown, (certificate) => certificateItem(call, certificate));
    return { ok: true, value: { status: 200, body } };
  },
};

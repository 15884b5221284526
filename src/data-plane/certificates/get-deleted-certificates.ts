import { issuedOnly } from '../../objects/certificate-read.ts';
import { listDeleted } from '../../objects/read.ts';
import { deletedFacts } from '../facts.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { certificateItem } from './bundle.ts';
import { includePending } from './parameters.ts';

/** GET /deletedcertificates */
export const getDeletedCertificates: OperationCard = {
  name: 'CertificateListDeleted',
  permission: 'certificates/list',
  method: 'GET',
  path: '/deletedcertificates',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const pending = includePending(call);
    if (!pending.ok) return pending;
    const page = yield* listDeleted(call.vault, 'certificates', asked.page);
    const shown = issuedOnly(page, pending.value);
    const body = listBody(call, '/deletedcertificates', shown, (certificate) => {
      // The recorded lists of deleted ones have none.
      const { subject: _, ...item } = certificateItem(call, certificate);
      return { ...deletedFacts(call, 'certificates', certificate), ...item };
    });
    return { ok: true, value: { status: 200, body } };
  },
};

import { listIssuers } from '../../objects/certificate-issuers.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { issuerItem } from './issuer-body.ts';

/** GET /certificates/issuers */
export const getCertificateIssuers: OperationCard = {
  name: 'CertificateIssuersList',
  permission: 'certificates/listissuers',
  method: 'GET',
  path: '/certificates/issuers',
  *run(call) {
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listIssuers(call.vault, asked.page);
    const body = listBody(call, '/certificates/issuers', page, (issuer) => issuerItem(call, issuer));
    return { ok: true, value: { status: 200, body } };
  },
};

import { getIssuer } from '../../objects/certificate-issuers.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { issuerBundle } from './issuer-body.ts';

/** GET /certificates/issuers/{name} */
export const getCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerGet',
  permission: 'certificates/getissuers',
  method: 'GET',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const issuer = yield* getIssuer(call.vault, name.value);
    return issuer.ok ? { ok: true, value: { status: 200, body: issuerBundle(call, issuer.value) } } : issuer;
  },
};

import { updateIssuer } from '../../objects/certificate-issuers.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { issuerBundle, issuerParameters } from './issuer-body.ts';

/** PATCH /certificates/issuers/{name}: what is mentioned changes. */
export const updateCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerUpdate',
  permission: 'certificates/setissuers',
  method: 'PATCH',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const parameters = issuerParameters(call.body);
    if (!parameters.ok) return parameters;
    const updated = yield* updateIssuer(call.vault, {
      name: name.value,
      parameters: parameters.value,
      now: call.nowSeconds,
    });
    if (!updated.ok) return updated;
    return { ...updated, value: { status: 200, body: issuerBundle(call, updated.value) } };
  },
};

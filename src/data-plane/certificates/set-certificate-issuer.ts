import { setIssuer } from '../../objects/certificate-issuers.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { issuerBundle, issuerParameters } from './issuer-body.ts';

/** PUT /certificates/issuers/{name} */
export const setCertificateIssuer: OperationCard = {
  name: 'CertificateIssuerSet',
  permission: 'certificates/setissuers',
  method: 'PUT',
  path: '/certificates/issuers/:name',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const parameters = issuerParameters(call.body);
    if (!parameters.ok) return parameters;
    const set = yield* setIssuer(call.vault, { name: name.value, parameters: parameters.value, now: call.nowSeconds });
    if (!set.ok) return set;
    return { ...set, value: { status: 200, body: issuerBundle(call, set.value) } };
  },
};

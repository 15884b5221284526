import { certificateProperties } from '../../objects/certificate.ts';
import { recoverCertificate } from '../../objects/certificate-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** POST /deletedcertificates/{name}/recover: with its key and its secret. */
export const recoverDeletedCertificate: OperationCard = {
  name: 'CertificateRecover',
  permission: 'certificates/recover',
  method: 'POST',
  path: '/deletedcertificates/:name/recover',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const recovered = yield* recoverCertificate(call.vault, name.value);
    if (!recovered.ok) return recovered;
    const { isPending } = recovered.value;
    const audit = { certificateProperties: certificateProperties(recovered.value.current) };
    return {
      ...recovered,
      value: { status: 200, body: certificateBundle(call, recovered.value, { isPending }) },
      audit,
    };
  },
};

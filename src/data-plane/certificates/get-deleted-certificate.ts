import { certificateProperties } from '../../objects/certificate.ts';
import type { CertificateVersion } from '../../objects/certificate.ts';
import { hasPending } from '../../objects/certificate-read.ts';
import { getDeleted } from '../../objects/read.ts';
import { deletedFacts } from '../facts.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** GET /deletedcertificates/{name} */
export const getDeletedCertificate: OperationCard = {
  name: 'CertificateGetDeleted',
  permission: 'certificates/get',
  method: 'GET',
  path: '/deletedcertificates/:name',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = await getDeleted<CertificateVersion>(call.vault, 'certificates', name.value);
    if (!deleted.ok) return deleted;
    const isPending = await hasPending(call.vault, name.value);
    const body = {
      ...deletedFacts(call, 'certificates', deleted.value),
      ...certificateBundle(call, deleted.value, { isPending }),
    };
    const audit = { certificateProperties: certificateProperties(deleted.value.current) };
    return { ok: true, value: { status: 200, body }, audit };
  },
};

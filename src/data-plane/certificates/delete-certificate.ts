import { certificateProperties } from '../../objects/certificate.ts';
import { deleteCertificate as remove } from '../../objects/certificate-change.ts';
import { hasPending } from '../../objects/certificate-read.ts';
import { deletedFacts } from '../facts.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** DELETE /certificates/{name}: soft-deletes the certificate with all its versions, its key and its secret. */
export const deleteCertificate: OperationCard = {
  name: 'CertificateDelete',
  permission: 'certificates/delete',
  method: 'DELETE',
  path: '/certificates/:name',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const deleted = await remove(call.vault, { name: name.value, now: call.now });
    if (!deleted.ok) return deleted;
    const isPending = await hasPending(call.vault, name.value);
    const body = {
      ...deletedFacts(call, 'certificates', deleted.value),
      ...certificateBundle(call, deleted.value, { isPending }),
    };
    const audit = { certificateProperties: certificateProperties(deleted.value.current) };
    return { ...deleted, value: { status: 200, body }, audit };
  },
};

import { issuedOnly } from '../../objects/certificate-read.ts';
import { listVersions } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { certificateItem } from './bundle.ts';

/** GET /certificates/{name}/versions */
export const getCertificateVersions: OperationCard = {
  name: 'CertificateListVersions',
  permission: 'certificates/list',
  method: 'GET',
  path: '/certificates/:name/versions',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listVersions(call.vault, 'certificates', {
      ...asked.page,
      name: name.value,
    });
    const path = `/certificates/${name.value}/versions`;
    const body = listBody(call, path, issuedOnly(page, false), (certificate) =>
      certificateItem(call, certificate, certificate.current.version),
    );
    return { ok: true, value: { status: 200, body } };
  },
};

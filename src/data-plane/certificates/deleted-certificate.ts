import { certificateProperties } from '../../objects/certificate.ts';
import type { CertificateVersion } from '../../objects/certificate.ts';
import type { DeletedObjectRecord, Done } from '../../objects/object.ts';
import type { Answer } from '../../http/answer.ts';
import { deletedFacts } from '../facts.ts';
import type { Call } from '../operation.ts';
import { certificateBundle } from './bundle.ts';

/** DeletedCertificateBundle, with what the audit log says of the certificate. */
export function deletedCertificateAnswer(
  call: Call,
  certificate: DeletedObjectRecord<CertificateVersion>,
  isPending: boolean,
): Done<Answer> {
  const body = {
    ...deletedFacts(call, 'certificates', certificate),
    ...certificateBundle(call, certificate, { isPending }),
  };
  const audit = { certificateProperties: certificateProperties(certificate.current) };
  return { ok: true, value: { status: 200, body }, audit };
}

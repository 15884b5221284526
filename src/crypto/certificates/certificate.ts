import type { CertifiableKey, CertificateFacts } from '../../types/certificate.ts';
import type { Outcome } from './refusal.ts';

import type { PublicKey } from '../../types/key.ts';

/** What a certificate (DER, X.509 version 3) says. */
export function readCertificate(_der: Uint8Array): Outcome<CertificateFacts> {
  throw new Error('not built yet');
}

/** Whether the certificate (DER) is about this key. */
export function matches(_key: CertifiableKey | PublicKey, _certificate: Uint8Array): boolean {
  throw new Error('not built yet');
}

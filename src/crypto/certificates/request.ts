import type { CertifiableKey, CertificateContents } from '../../types/certificate.ts';
import type { Outcome } from './refusal.ts';

/** A signed certificate request (PKCS #10, RFC 2986) as DER. */
export function makeRequest(_material: CertifiableKey, _contents: CertificateContents): Promise<Outcome<Uint8Array>> {
  throw new Error('not built yet');
}

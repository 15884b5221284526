import type { CertifiableKey, CertificateContents, CertifiedMaterial, Validity } from '../../types/certificate.ts';
import type { Outcome } from './refusal.ts';

/** A certificate that the key itself signs, as DER. */
export function selfSign(
  _material: CertifiableKey,
  _contents: CertificateContents & Validity,
): Promise<Outcome<Uint8Array>> {
  throw new Error('not built yet');
}

export interface Issuing extends Validity {
  /** DER, PKCS #10. */
  readonly request: Uint8Array;
  /** The first certificate is the one that signs. */
  readonly issuer: CertifiedMaterial;
}

/** The certificate (DER) that `issuer` signs for a request, after its signature was checked. */
export function issue(_issuing: Issuing): Promise<Outcome<Uint8Array>> {
  throw new Error('not built yet');
}

/** A certificate authority of ten years, self-signed, on P-256. `name` is its common name, `now` in milliseconds. */
export function makeTestIssuer(_name: string, _now: number): Promise<CertifiedMaterial> {
  throw new Error('not built yet');
}

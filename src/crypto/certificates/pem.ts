import type { CertifiableKey, CertifiedMaterial } from '../../types/certificate.ts';
import type { Outcome } from './refusal.ts';

export interface PemContents {
  /** DER, in the order of the text; with a key, as in a `CertifiedMaterial`. */
  readonly certificates: readonly Uint8Array[];
  readonly material?: CertifiableKey;
}

/** Certificates, and a private key (PKCS #8, PKCS #1 or SEC 1) if one is there. */
export function readPem(_text: string): Outcome<PemContents> {
  throw new Error('not built yet');
}

/** The key as PKCS #8, then the certificates. */
export function writePem(_contents: CertifiedMaterial): string {
  throw new Error('not built yet');
}

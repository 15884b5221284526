import type { CertifiedMaterial } from '../../types/certificate.ts';
import type { Outcome } from './refusal.ts';

/** The one key of a PKCS #12 file with its certificate and chain. */
export function readPkcs12(_bytes: Uint8Array, _password: string): Promise<Outcome<CertifiedMaterial>> {
  throw new Error('not built yet');
}

/** A PKCS #12 file: PBES2 with AES-256-CBC, HMAC with SHA-256. */
export function writePkcs12(_contents: CertifiedMaterial, _password = ''): Promise<Uint8Array> {
  throw new Error('not built yet');
}

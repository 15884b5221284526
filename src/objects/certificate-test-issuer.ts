import { makeTestIssuer } from '../crypto/certificates/issue.ts';
import { Conflict, decode, encode } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { CertifiableKey, CertifiedMaterial } from '../types/certificate.ts';

const key = 'certificate-authority/test';
const name = 'Postern Test Authority';

interface Kept {
  readonly material: CertifiableKey;
  /** DER, base64. */
  readonly certificates: readonly string[];
}

/**
 * The authority that signs for every issuer of the provider Test, whichever vault asks: made when it is first needed, and
 * kept in the store, sealed. `now` in milliseconds.
 */
export async function testIssuer(store: Store, now: number): Promise<CertifiedMaterial> {
  for (;;) {
    const [record] = await store.read({ get: [key] });
    if (record !== undefined) {
      const { material, certificates } = decode<Kept>(record);
      return { material, certificates: certificates.map((text) => Buffer.from(text, 'base64')) };
    }
    const made = await makeTestIssuer(name, now);
    const kept: Kept = {
      material: made.material,
      certificates: made.certificates.map((der) => Buffer.from(der).toString('base64')),
    };
    try {
      await store.transact({ require: [{ key, version: null }], put: [{ key, value: encode(kept) }] });
    } catch (error) {
      // Another node was first: its authority is the one.
      if (!(error instanceof Conflict)) throw error;
    }
  }
}

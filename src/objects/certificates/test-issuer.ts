import { X509Certificate } from 'node:crypto';
import { makeTestIssuer } from '../../crypto/certificates/issue.ts';
import { recordKind } from '../../store/keys.ts';
import { readRecords, recordPut } from '../../store/records.ts';
import { Conflict } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { CertifiableKey, CertifiedMaterial } from '../../types/certificate.ts';

const name = 'Postern Test Authority';

interface Kept {
  readonly material: CertifiableKey;
  /** DER, base64. */
  readonly certificates: readonly string[];
}

interface KeptAuthorities extends Kept {
  /**
   * Earlier authorities, newest first: one may have been made while the clock was wrong, and another be in use again.
   */
  readonly others?: readonly Kept[];
}

const key = recordKind<KeptAuthorities>({
  pattern: 'certificate-authority/test',
  owner: 'objects',
  holds: 'the authorities that sign for issuers of the provider Test',
}).key();

/** An authority that expires earlier does not sign any more. */
const leftMs = 365 * 86_400_000;
const othersMax = 7;

/**
 * The authority that signs for every issuer of the provider Test, in all vaults. It is made when it is first needed,
 * and again when it expires within a year, and is kept sealed in the store.
 */
export async function testIssuer(store: Store, nowMs: number): Promise<CertifiedMaterial> {
  for (;;) {
    const [record] = await readRecords(store, { get: [key] });
    const known = record === undefined ? [] : authoritiesOf(record.value);
    const oldest = known.findLast((authority) => signsAt(authority, nowMs));
    if (oldest !== undefined) {
      const { material, certificates } = oldest;
      return { material, certificates: certificates.map((text) => Buffer.from(text, 'base64')) };
    }
    const made = await makeTestIssuer(name, nowMs);
    const kept: KeptAuthorities = {
      material: made.material,
      certificates: made.certificates.map((der) => Buffer.from(der).toString('base64')),
      ...(known.length > 0 && { others: known.slice(-othersMax) }),
    };
    try {
      const require = [{ key, version: record?.version ?? null }];
      await store.transact({ require, put: [recordPut(key, kept)] });
    } catch (error) {
      // Another node was faster: its authority is used.
      if (!(error instanceof Conflict)) throw error;
    }
  }
}

/** Newest first. */
function authoritiesOf({ others = [], ...newest }: KeptAuthorities): readonly Kept[] {
  return [newest, ...others];
}

function signsAt({ certificates: [own = ''] }: Kept, nowMs: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(Buffer.from(own, 'base64'));
  return validFromDate.getTime() <= nowMs && validToDate.getTime() >= nowMs + leftMs;
}

import { X509Certificate } from 'node:crypto';
import type { CertifiableKey, CertifiedMaterial } from '../../types/certificate.ts';
import { matches, partsOf } from './certificate.ts';
import { Refused } from './refusal.ts';
import type { FileKind } from './refusal.ts';

/** No chain is as long; a file with more would cost a signature check for each pair. */
const mostCertificates = 50;

interface Candidate {
  readonly der: Uint8Array;
  readonly issuer: Buffer;
  readonly subject: Buffer;
}

/**
 * The key with its certificate first, then the issuers, each of the one before, then what belongs to no chain of it, in
 * its order. `what` is the file that holds them.
 */
export function inChainOrder(
  material: CertifiableKey,
  certificates: readonly Uint8Array[],
  what: FileKind,
): CertifiedMaterial {
  const left = distinct(certificates, what);
  const leaf = left.find(({ der }) => matches(material, der));
  if (leaf === undefined) throw new Refused({ kind: 'keyDoesNotMatch' });
  const chain: Candidate[] = [];
  for (let next: Candidate | undefined = leaf; next !== undefined; next = issuerAmong(left, next)) {
    chain.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return { material, certificates: [...chain, ...left].map(({ der }) => der) };
}

/** Every certificate once, taken apart as far as chains need it. */
export function distinct(certificates: readonly Uint8Array[], what: FileKind): Candidate[] {
  if (certificates.length === 0) throw new Refused({ kind: 'noCertificate', what });
  const known = new Map(certificates.map((der) => [Buffer.from(der).toString('latin1'), der]));
  if (known.size > mostCertificates) {
    throw new Refused({ kind: 'tooManyCertificates', what, found: known.size, most: mostCertificates });
  }
  return Array.from(known.values(), (der) => ({ der, ...partsOf(der) }));
}

/** A name is not enough: authorities keep theirs when they change their key. */
function issuerAmong(candidates: readonly Candidate[], { der, issuer }: Candidate): Candidate | undefined {
  const named = candidates.filter(({ subject }) => subject.equals(issuer));
  return named.find((candidate) => isSignedBy(der, candidate.der));
}

function isSignedBy(certificate: Uint8Array, issuer: Uint8Array): boolean {
  try {
    return new X509Certificate(certificate).verify(new X509Certificate(issuer).publicKey);
  } catch {
    return false;
  }
}

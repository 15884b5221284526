import { X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { CertifiableKey, CertifiedMaterial } from '../../types/certificate.ts';
import { curves } from '../keys/curves.ts';
import { isForKey, mostBytes, parseCertificate } from './certificate.ts';
import type { CertificateParts } from './certificate.ts';
import { outcomeOf, Refused } from './refusal.ts';
import type { FileKind, Outcome } from './refusal.ts';

/** Real chains are shorter. */
const mostCertificates = 50;
/** Signatures that are checked for one file: one a certificate, and more only where authorities changed their keys. */
const mostChecks = 50;

/** The contents of a file with a key. */
export interface FileContents extends CertifiedMaterial {
  /** The same certificates without duplicates, in the order of the file. */
  readonly inFileOrder: readonly Uint8Array[];
}

interface Candidate extends CertificateParts {
  readonly der: Uint8Array;
}

/** A candidate with Node's objects; without them where Node cannot read it, such as a key of an unknown kind. */
interface Opened extends Candidate {
  readonly opened: { readonly x509: X509Certificate; readonly publicKey: KeyObject } | undefined;
}

/**
 * The key, with its certificate first, then each issuer after the certificate it signed, then the certificates outside
 * the chain in the order of the file. `what` is the kind of file.
 */
export function inChainOrder(
  material: CertifiableKey,
  certificates: readonly Uint8Array[],
  what: FileKind,
): FileContents {
  const candidates = distinctCertificates(certificates, what);
  const left = candidates.map((one): Opened => ({ ...one, opened: opened(one.der) }));
  const leaf = left.find((one) => isForKey(material, one));
  if (leaf === undefined) throw new Refused({ kind: 'keyDoesNotMatch' });
  let checks = 0;
  const isSignedBy = (one: Opened, issuer: Opened) => {
    checks += 1;
    if (checks > mostChecks) throw new Refused({ kind: 'tooManyChecks', what, most: mostChecks });
    return verifies(one, issuer);
  };
  const chain: Opened[] = [];
  for (let one: Opened | undefined = leaf; one !== undefined;) {
    const last: Opened = one;
    chain.push(last);
    left.splice(left.indexOf(last), 1);
    one = left.find((issuer) => mayHaveIssued(issuer, last) && isSignedBy(last, issuer));
  }
  const toDer = ({ der }: Candidate) => der;
  return { material, certificates: [...chain, ...left].map(toDer), inFileOrder: candidates.map(toDer) };
}

/** Reads certificates that did not come in a file, and removes duplicates. Each is parsed. */
export function readChain(certificates: readonly Uint8Array[]): Outcome<readonly Uint8Array[]> {
  const what = 'chain of certificates';
  return outcomeOf(what, () => distinctCertificates(certificates, what).map(({ der }) => der));
}

/** The certificates without duplicates, parsed. */
export function distinctCertificates(certificates: readonly Uint8Array[], what: FileKind): Candidate[] {
  if (certificates.length === 0) throw new Refused({ kind: 'noCertificate', what });
  const known = new Map(certificates.map((der) => [Buffer.from(der).toString('latin1'), der]));
  if (known.size > mostCertificates) {
    throw new Refused({ kind: 'tooManyCertificates', what, found: known.size, most: mostCertificates });
  }
  const found = Array.from(known.values()).reduce((sum, { length }) => sum + length, 0);
  if (found > mostBytes) throw new Refused({ kind: 'tooLarge', what: 'chain of certificates', found, most: mostBytes });
  return Array.from(known.values(), (der) => ({ der, ...parseCertificate(der) }));
}

function opened(der: Uint8Array): Opened['opened'] {
  try {
    const x509 = new X509Certificate(der);
    return { x509, publicKey: x509.publicKey };
  } catch {
    return undefined;
  }
}

/**
 * By names, key identifiers and key usage (RFC 5280 sections 4.2.1.1 and 4.2.1.3). The name alone is not enough:
 * authorities keep theirs when they change their key.
 */
function mayHaveIssued(issuer: Opened, one: Opened): boolean {
  if (issuer.opened === undefined || one.opened === undefined || !issuer.subject.equals(one.issuer)) return false;
  return isQuick(issuer.opened.publicKey) && one.opened.x509.checkIssued(issuer.opened.x509);
}

function verifies(one: Opened, issuer: Opened): boolean {
  try {
    return issuer.opened !== undefined && one.opened?.x509.verify(issuer.opened.publicKey) === true;
  } catch {
    return false;
  }
}

/** The maker of a key decides how long verifying with it takes; with these it is a fraction of a millisecond. */
function isQuick({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): boolean {
  const { modulusLength = Infinity, publicExponent = 0n, namedCurve } = details;
  if (type === 'rsa' || type === 'rsa-pss') return modulusLength <= 4096 && publicExponent < 2n ** 64n;
  if (type === 'ec') return Object.values(curves).some(({ group }) => group === namedCurve);
  return type === 'ed25519' || type === 'ed448';
}

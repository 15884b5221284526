import type { CertifiableKey, CertifiedMaterial, Validity } from '../../types/certificate.ts';
import { matches, parseCertificate } from './certificate.ts';
import { bitString, explicit, integer, sequence, time } from './der-write.ts';
import { keyIdentifier } from './extensions.ts';
import { signatureAlgorithmOf, signWith } from './keys.ts';
import { Refused } from './refusal.ts';

/** The issuer that signs, with its name in DER. */
export interface Signer {
  readonly name: Uint8Array;
  readonly material: CertifiableKey;
}

/** The contents to be signed, encoded. */
export interface CertificateBody {
  readonly issuer: Signer;
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
}

/** Signs a certificate (RFC 5280 section 4.1): body, algorithm and signature, in DER. */
export async function sign(
  { issuer, subject, publicKey, extensions }: CertificateBody,
  validity: Validity,
): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmOf(issuer.material).encoded;
  const body = sequence(
    explicit(0, integer(2)),
    integer(positive(validity.serial)),
    algorithm,
    issuer.name,
    encodedValidity(validity),
    subject,
    publicKey,
    explicit(3, sequence(...extensions)),
  );
  return sequence(body, algorithm, bitString(await signWith(issuer.material, body)));
}

/** The issuer, from its first certificate: its name and the identifier of its key. */
export function issuerIn({ material, certificates }: CertifiedMaterial): Signer & { readonly keyIdentifier: Buffer } {
  const [own] = certificates;
  if (own === undefined || !matches(material, own)) throw new Refused({ kind: 'keyDoesNotMatch' });
  const { subject, publicKey, extensions } = parseCertificate(own);
  return { name: subject, material, keyIdentifier: extensions.subjectKeyIdentifier ?? keyIdentifier(publicKey) };
}

function encodedValidity({ notBefore, notAfter }: Validity): Buffer {
  const inRange = [notBefore, notAfter].every((seconds) => seconds >= firstSecond && seconds <= lastSecond);
  if (!inRange || notAfter < notBefore) {
    const reason = 'it ends before it begins, or is outside the years 1950 to 9999';
    const detail = `from ${notBefore} to ${notAfter} seconds since 1970 is not valid: ${reason}.`;
    throw new Refused({ kind: 'badValidity', detail });
  }
  return sequence(time(notBefore), time(notAfter));
}

const firstSecond = Date.UTC(1950, 0) / 1000;
const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Neither zero nor negative, and at most 20 bytes (RFC 5280 section 4.1.2.2): its first byte is 40 to 7f. */
function positive(serial: Uint8Array): Buffer {
  const bytes = Buffer.from(serial);
  if (bytes.length === 0 || bytes.length > 20) throw new TypeError('a serial number has 1 to 20 bytes');
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

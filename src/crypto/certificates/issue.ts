import { generateKeyPair, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { CertifiableKey, CertificateContents, CertifiedMaterial, Validity } from '../../types/certificate.ts';
import { matches, partsOf } from './certificate.ts';
import { bitString, explicit, integer, sequence, time } from './der-write.ts';
import { basicConstraints, contentExtensions, keyIdentifier, keyIdentifiers, nobody } from './extensions.ts';
import { publicKeyInfo, readPrivateKey, signatureAlgorithmOf, signWith } from './keys.ts';
import { nameOf } from './name.ts';
import { outcomeOfLater, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';
import { partsOfRequest } from './request.ts';

/** A certificate of an authority for the owner of a key, who asked for it with a request. */
export interface Issuing extends Validity {
  /** DER, PKCS #10. */
  readonly request: Uint8Array;
  /** The first certificate is the one that signs. */
  readonly issuer: CertifiedMaterial;
}

/** Everything that is signed, encoded. */
interface Body {
  readonly issuer: { readonly name: Uint8Array; readonly keyIdentifier: Uint8Array; readonly material: CertifiableKey };
  readonly subject: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly extensions: readonly Uint8Array[];
  readonly isCa: boolean;
}

const makeKeyPair = promisify(generateKeyPair);
const yearSeconds = 31_536_000;

/**
 * A certificate that the key itself signs, as DER. It is an authority if its key may sign certificates, as RFC 5280
 * section 4.2.1.9 allows that usage to no other.
 */
export function selfSign(
  material: CertifiableKey,
  contents: CertificateContents & Validity,
): Promise<Outcome<Uint8Array>> {
  return outcomeOfLater('certificate', () => {
    const publicKey = publicKeyInfo(material);
    const subject = nameOf(contents.subject);
    const extensions = contentExtensions(contents);
    const issuer = { name: subject, keyIdentifier: keyIdentifier(publicKey), material };
    const isCa = contents.keyUsage.includes('keyCertSign');
    return signed({ issuer, subject, publicKey, extensions, isCa }, contents);
  });
}

/**
 * The certificate (DER) that `issuer` signs for a request, after the request's own signature was checked. Subject,
 * alternative names and usages are those asked for; every other extension that is asked for is left out.
 */
export function issue({ request, issuer, ...validity }: Issuing): Promise<Outcome<Uint8Array>> {
  return outcomeOfLater('certificate request', () => {
    const { subject, publicKey, extensions } = partsOfRequest(request);
    const { hasAlternativeName, keyUsage, requestable } = extensions;
    if (subject.equals(sequence()) && !hasAlternativeName) throw nobody();
    const { material, certificates } = issuer;
    const [own] = certificates;
    if (own === undefined || !matches(material, own)) throw new Refused({ kind: 'keyDoesNotMatch' });
    const parts = partsOf(own);
    const by = {
      name: parts.subject,
      keyIdentifier: parts.extensions.subjectKeyIdentifier ?? keyIdentifier(parts.publicKey),
      material,
    };
    const isCa = keyUsage.includes('keyCertSign');
    return signed({ issuer: by, subject, publicKey, extensions: requestable, isCa }, validity);
  });
}

/**
 * A certificate authority of ten years on P-256, to sign requests with where no real one is at hand. `name` becomes its
 * common name, with whatever characters; `now` is in milliseconds.
 */
export async function makeTestIssuer(name: string, now: number): Promise<CertifiedMaterial> {
  const { privateKey } = await makeKeyPair('ec', { namedCurve: 'prime256v1' });
  const material = readPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }), 'pkcs8');
  const notBefore = Math.floor(now / 1000) - 86_400;
  const certificate = await selfSign(material, {
    subject: `CN=${name.replaceAll(/[^A-Za-z0-9]/gu, String.raw`\$&`)}`,
    ekus: [],
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    notBefore,
    notAfter: notBefore + 10 * yearSeconds,
    serial: randomBytes(16),
  });
  if (!certificate.ok) throw new TypeError(`no certificate authority can be called ${JSON.stringify(name)}`);
  return { material, certificates: [certificate.value] };
}

/** RFC 5280 section 4.1: the body, the algorithm, the signature. */
async function signed({ issuer, subject, publicKey, extensions, isCa }: Body, validity: Validity): Promise<Uint8Array> {
  const algorithm = signatureAlgorithmOf(issuer.material).encoded;
  const body = sequence(
    explicit(0, integer(2)),
    integer(positive(validity.serial)),
    algorithm,
    issuer.name,
    encodedValidity(validity),
    subject,
    publicKey,
    explicit(
      3,
      sequence(
        basicConstraints(isCa),
        ...extensions,
        ...keyIdentifiers(keyIdentifier(publicKey), issuer.keyIdentifier),
      ),
    ),
  );
  return sequence(body, algorithm, bitString(await signWith(issuer.material, body)));
}

function encodedValidity({ notBefore, notAfter }: Validity): Buffer {
  const inRange = [notBefore, notAfter].every((seconds) => seconds >= firstSecond && seconds <= lastSecond);
  if (!inRange || notAfter < notBefore) {
    const reason = 'it ends before it begins, or outside of the years 1950 to 9999';
    const detail = `from ${notBefore} to ${notAfter} seconds since 1970 is none: ${reason}.`;
    throw new Refused({ kind: 'badValidity', detail });
  }
  return sequence(time(notBefore), time(notAfter));
}

const firstSecond = Date.UTC(1950, 0) / 1000;
const lastSecond = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** Neither zero nor negative, and of at most 20 bytes (RFC 5280 section 4.1.2.2): its first byte is 40 to 7f. */
function positive(serial: Uint8Array): Buffer {
  const bytes = Buffer.from(serial);
  if (bytes.length === 0 || bytes.length > 20) throw new TypeError('a serial number has 1 to 20 bytes');
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes;
}

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CertifiableKey, CertificateFacts } from '../../types/certificate.ts';
import type { PublicKey } from '../../types/key.ts';
import { publicKeyOf } from '../key-material.ts';
import { readTime, wholeSequence } from './der-read.ts';
import type { DerReader } from './der-read.ts';
import { tags } from './der-write.ts';
import { readExtensions } from './extensions.ts';
import type { ExtensionFacts } from './extensions.ts';
import { readPublicKey } from './keys.ts';
import { nameFromDer } from './name.ts';
import { Malformed, outcomeOf, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

/**
 * The most bytes of a certificate, or of all those in a file: room for 2,000 alternative names. Every byte or two may
 * be a value.
 */
export const mostBytes = 131_072;

/** A parsed certificate (RFC 5280 section 4.1). Names and the public key are in DER, as in the certificate. */
export interface CertificateParts {
  readonly serial: Buffer;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: Buffer;
  readonly extensions: ExtensionFacts;
}

/** The contents of a certificate (DER). Its signature is not checked: that is up to whoever trusts its issuer. */
export function readCertificate(der: Uint8Array): Outcome<CertificateFacts> {
  return outcomeOf('certificate', () => {
    const { extensions, ...parts } = parseCertificate(der);
    return {
      subject: nameFromDer(parts.subject),
      issuer: nameFromDer(parts.issuer),
      notBefore: parts.notBefore,
      notAfter: parts.notAfter,
      serial: parts.serial.toString('hex').replace(/^00(?=.)/, ''),
      thumbprint: hash('sha1', der, 'base64url'),
      sans: extensions.sans,
      ekus: extensions.ekus,
      keyUsage: extensions.keyUsage,
      basicConstraints: extensions.basicConstraints,
      publicKey: readPublicKey(parts.publicKey),
    };
  });
}

/** Whether this is the key of the certificate (DER). */
export function matches(key: CertifiableKey | PublicKey, certificate: Uint8Array): boolean {
  const parts = outcomeOf('certificate', () => parseCertificate(certificate));
  return parts.ok && isForKey(key, parts.value);
}

/** The same for a parsed certificate. */
export function isForKey(key: CertifiableKey | PublicKey, { publicKey }: CertificateParts): boolean {
  const found = outcomeOf('certificate', () => readPublicKey(publicKey));
  return found.ok && isDeepStrictEqual(found.value, publicKeyOf(key));
}

/** Parses a certificate. @throws {Malformed} @throws {Refused} */
export function parseCertificate(der: Uint8Array): CertificateParts {
  if (der.length > mostBytes) {
    throw new Refused({ kind: 'tooLarge', what: 'certificate', found: der.length, most: mostBytes });
  }
  const outer = wholeSequence(der, 'the certificate');
  const body = outer.sequence('the certificate');
  const algorithm = outer.next(tags.sequence, 'the signature algorithm');
  outer.bitString('the signature');
  outer.end();
  const version = readVersion(body);
  const serial = body.integer('the serial number');
  if (!body.next(tags.sequence, 'the signature algorithm').whole.equals(algorithm.whole)) {
    throw new Malformed('it names two signature algorithms');
  }
  const issuer = body.next(tags.sequence, 'the issuer').whole;
  const validity = body.sequence('the validity');
  const [notBefore, notAfter] = [
    readTime(validity.any('its start'), 'its start'),
    readTime(validity.any('its end'), 'its end'),
  ];
  validity.end();
  const subject = body.next(tags.sequence, 'the subject').whole;
  const publicKey = body.next(tags.sequence, 'the public key').whole;
  // Unique identifiers of issuer and subject, which are not used (section 4.1.2.8).
  for (const tag of [0x81, 0x82]) body.optional(tag, 'a unique identifier');
  const extensions = readExtensions(body.done || version === 1 ? undefined : extensionsIn(body));
  body.end();
  return { serial, issuer, subject, notBefore, notAfter, publicKey, extensions };
}

/** Section 4.1.2.1: v1 is the default, and v3 is encoded as 2. */
function readVersion(body: DerReader): number {
  if (body.tag !== 0xa0) return 1;
  const outer = body.inside(0xa0, 'the version');
  const version = outer.count('the version') + 1;
  outer.end();
  if (version > 3) throw new Malformed(`its version is ${version}, and the highest is 3`);
  return version;
}

function extensionsIn(body: DerReader): DerReader {
  const outer = body.inside(0xa3, 'the extensions');
  const extensions = outer.sequence('the extensions');
  outer.end();
  return extensions;
}

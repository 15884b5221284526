import { randomBytes } from 'node:crypto';
import type { CertifiableKey, CertificateContents, CertifiedMaterial, Validity } from '../../types/certificate.ts';
import { generateEc } from '../keys/generate.ts';
import { sequence } from './der-write.ts';
import {
  authorityKeyIdentifier,
  basicConstraints,
  contentExtensions,
  keyIdentifier,
  subjectMissing,
  subjectKeyIdentifier,
} from './extensions.ts';
import { publicKeyInfo } from './keys.ts';
import { nameToDer } from './name.ts';
import { outcomeOfAsync } from './refusal.ts';
import type { Outcome } from './refusal.ts';
import { parseRequest } from './request.ts';
import { issuerIn, sign } from './sign.ts';

/** A certificate of an authority for the owner of a key, who sent a request. */
export interface Issuing extends Validity {
  /** DER, PKCS #10. */
  readonly request: Uint8Array;
  /** The first certificate is the one whose key signs. */
  readonly issuer: CertifiedMaterial;
}

const yearSeconds = 31_536_000;

/** A certificate signed with its own key, as DER. */
export function selfSign(
  material: CertifiableKey,
  contents: CertificateContents & Validity,
): Promise<Outcome<Uint8Array>> {
  return outcomeOfAsync('certificate', () => {
    const publicKey = publicKeyInfo(material);
    const subject = nameToDer(contents.subject);
    const own = keyIdentifier(publicKey);
    const extensions = [...contentExtensions(contents), ...keyIdentifiers(own, own)];
    return sign({ issuer: { name: subject, material }, subject, publicKey, extensions }, contents);
  });
}

/**
 * The certificate (DER) that `issuer` signs for a request, after checking the request's own signature. Subject,
 * alternative names and usages are as requested; every other requested extension is left out, so it is never an
 * authority.
 */
export function issue({ request, issuer, ...validity }: Issuing): Promise<Outcome<Uint8Array>> {
  return outcomeOfAsync('certificate request', () => {
    const { subject, publicKey, extensions: asked } = parseRequest(request);
    const { hasAlternativeName, requestable } = asked;
    if (subject.equals(sequence()) && !hasAlternativeName) throw subjectMissing();
    const by = issuerIn(issuer);
    const identifiers = keyIdentifiers(keyIdentifier(publicKey), by.keyIdentifier);
    const extensions = [...requestable, basicConstraints({ ca: false }), ...identifiers];
    return sign({ issuer: by, subject, publicKey, extensions }, validity);
  });
}

/**
 * A certificate authority for ten years on P-256, to sign requests where no real one is available. `name` becomes its
 * common name, with any characters; `now` is in milliseconds.
 */
export async function makeTestIssuer(name: string, now: number): Promise<CertifiedMaterial> {
  const material = generateEc('P-256');
  const notBefore = Math.floor(now / 1000) - 86_400;
  const certificate = await selfSign(material, {
    subject: `CN=${name.replaceAll(/[^A-Za-z0-9]/gu, String.raw`\$&`)}`,
    ekus: [],
    keyUsage: ['digitalSignature', 'keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true },
    notBefore,
    notAfter: notBefore + 10 * yearSeconds,
    serial: randomBytes(16),
  });
  if (!certificate.ok) throw new TypeError(`no certificate authority can be called ${JSON.stringify(name)}`);
  return { material, certificates: [certificate.value] };
}

/** Key identifiers of the subject and of the issuer. */
function keyIdentifiers(subject: Uint8Array, issuer: Uint8Array): readonly Uint8Array[] {
  return [subjectKeyIdentifier(subject), authorityKeyIdentifier(issuer)];
}

import { readCertificate } from '../../crypto/certificates/certificate.ts';
import { writePem } from '../../crypto/certificates/pem.ts';
import { writePkcs12 } from '../../crypto/certificates/pkcs12.ts';
import { describeRefusal } from '../../crypto/certificates/refusal.ts';
import type { CertifiableKey, Certificates } from '../../types/certificate.ts';
import type { CertificateVersion } from './certificate.ts';
import type { CertificateContentType, CertificatePolicy } from './policy.ts';
import type { KeyVersion } from '../keys/key.ts';
import { defaultPurposes } from '../keys/type.ts';
import { refused } from '../object.ts';
import type { Outcome } from '../object.ts';
import { newFacts } from '../parameters.ts';
import type { SecretVersion } from '../secrets/secret.ts';

/** A certificate's key, as the rules of keys see it. */
export interface ManagedKey extends KeyVersion {
  readonly material: CertifiableKey;
  readonly managed: true;
}

/** Whether a key can belong to a certificate: a symmetric key cannot. */
export function isManaged(key: KeyVersion): key is ManagedKey {
  return key.managed === true && key.material.kty !== 'oct';
}

/**
 * A version of a certificate is three objects of one name and version (about-certificates, "Composition of a
 * certificate").
 */
export interface CertificateParts {
  readonly certificate: CertificateVersion;
  readonly key: ManagedKey;
  readonly secret: SecretVersion;
}

export interface Certified {
  readonly version: string;
  /** The policy that the version is made by. */
  readonly policy: CertificatePolicy;
  readonly material: CertifiableKey;
  /** DER; the key's own certificate first, and each of the others is the issuer of the one before it. */
  readonly certificates: readonly Uint8Array[];
  /** The same certificates in the order of the file they came in. */
  readonly inFileOrder?: readonly Uint8Array[];
  readonly enabled?: boolean;
  readonly tags?: Readonly<Record<string, string>>;
  readonly preserveCertOrder?: boolean;
}

/** The three objects of an issued certificate, with the same attributes and tags. */
export async function makeParts(certified: Certified, nowSeconds: number): Promise<Outcome<CertificateParts>> {
  const { version, policy, material, certificates, inFileOrder, enabled, tags, preserveCertOrder } = certified;
  const [leaf = new Uint8Array()] = certificates;
  const read = readCertificate(leaf);
  if (!read.ok) return refused({ kind: 'badParameter', message: describeRefusal(read.refusal) });
  const { notBefore, notAfter, thumbprint, subject } = read.value;
  const facts = newFacts(
    {
      ...(enabled !== undefined && { enabled }),
      ...(tags !== undefined && { tags }),
      notBefore,
      expires: notAfter,
    },
    nowSeconds,
  );
  const { exportable, kty } = policy.key;
  const certificate: CertificateVersion = {
    version,
    ...facts,
    cer: Buffer.from(leaf).toString('base64'),
    x5t: thumbprint,
    subject,
    ...(preserveCertOrder !== undefined && { preserveCertOrder }),
  };
  const key: ManagedKey = {
    version,
    ...facts,
    kty,
    keyOps: defaultPurposes(kty),
    material,
    ...(exportable && { exportable }),
    managed: true,
  };
  // If the key must not leave the vault, the secret has only the certificates.
  const held = {
    material: exportable ? material : undefined,
    // "Preserves its original order. The default value is false, which sets the leaf certificate at index 0."
    certificates: preserveCertOrder === true && inFileOrder !== undefined ? inFileOrder : certificates,
  };
  const value = await contents[policy.contentType](held);
  const secret: SecretVersion = { version, ...facts, value, contentType: policy.contentType, managed: true };
  return { ok: true, value: { certificate, key, secret } };
}

const contents: Readonly<Record<CertificateContentType, (held: Certificates) => Promise<string>>> = {
  'application/x-pkcs12': async (held) => Buffer.from(await writePkcs12(held)).toString('base64'),
  'application/x-pem-file': (held) => Promise.resolve(writePem(held)),
};

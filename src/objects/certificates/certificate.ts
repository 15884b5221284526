import { changedFacts } from '../parameters.ts';
import type { ObjectParameters } from '../parameters.ts';
import type { CertificatePolicy } from './policy.ts';
import { auditedAttributes, refused } from '../object.ts';
import type { ObjectRecord, ObjectVersion, Outcome } from '../object.ts';

/** One version of a certificate. The key and the secret of the same name and version hold the rest. */
export interface CertificateVersion extends ObjectVersion {
  /** DER, base64. Absent in a first version that is not issued yet. */
  readonly cer?: string;
  /** SHA-1 of the DER, base64url (RFC 7517 section 4.8). */
  readonly x5t?: string;
  readonly subject: string;
  readonly preserveCertOrder?: boolean;
}

/** The current version holds the certificate's policy and passes it on to the next version. */
export interface CurrentCertificate extends CertificateVersion {
  readonly policy: CertificatePolicy;
}

export type CertificateRecord = ObjectRecord<CurrentCertificate>;

export function isCurrent<V extends CertificateVersion>(version: V): version is V & CurrentCertificate {
  return 'policy' in version;
}

/** The members that a client may set on a certificate besides its policy. */
export interface CertificateParameters extends ObjectParameters {
  readonly preserveCertOrder?: boolean;
}

/** Whether the certificate exists, and is not only requested. */
export function isIssued({ cer }: CertificateVersion): boolean {
  return cer !== undefined;
}

/** Changes tags and `enabled` of a version. Its times are those of the X.509 certificate. */
export function updateCertificateVersion<V extends CertificateVersion>(
  before: V,
  parameters: ObjectParameters,
  nowSeconds: number,
): Outcome<V> {
  const refusal = checkTimes(parameters, before.attributes);
  if (refusal !== undefined) return refusal;
  if (parameters.enabled === true && !isIssued(before)) {
    return bad('attributes.enabled is true, but the certificate is not issued yet.');
  }
  const facts = changedFacts(before, parameters, nowSeconds);
  return facts.ok ? { ok: true, value: { ...before, ...facts.value } } : facts;
}

/** A client may send back the times that it received, but no others. */
export function checkTimes(
  { notBefore, expires }: ObjectParameters,
  is: { readonly notBefore?: number; readonly expires?: number } = {},
) {
  if (notBefore !== undefined && notBefore !== is.notBefore) return bad(notTheirs('nbf'));
  if (expires !== undefined && expires !== is.expires) return bad(notTheirs('exp'));
  return undefined;
}

function notTheirs(name: string): string {
  return `attributes.${name} is that of the X.509 certificate and cannot be set; leave it out.`;
}

/** `certificateProperties` of the audit record. */
export function certificateProperties({ attributes, subject, x5t }: CertificateVersion) {
  return {
    subject,
    ...(x5t !== undefined && { sha1: Buffer.from(x5t, 'base64url').toString('hex').toUpperCase() }),
    attributes: auditedAttributes(attributes),
  };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}

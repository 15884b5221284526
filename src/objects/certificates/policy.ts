import type { AlternativeNames, BasicConstraints, KeyUsage } from '../../types/certificate.ts';
import type { KeyCurve } from '../../types/key.ts';

export type CertificateKeyType = 'RSA' | 'RSA-HSM' | 'EC' | 'EC-HSM';

export type CertificateContentType = 'application/x-pkcs12' | 'application/x-pem-file';

export type LifetimeActionType = 'AutoRenew' | 'EmailContacts';

/** The policy by which certificates of one name are made, validated and complete. */
export interface CertificatePolicy {
  readonly issuer: PolicyIssuer;
  readonly key: PolicyKey;
  /** The content type of the secret. */
  readonly contentType: CertificateContentType;
  readonly x509: PolicyX509;
  readonly lifetimeActions: readonly LifetimeAction[];
  /** Kept from the client, without effect: the client for JavaScript puts here whether the certificate is enabled. */
  readonly enabled: boolean;
  /** Seconds since 1970, like `updated`. */
  readonly created: number;
  readonly updated: number;
}

export interface PolicyIssuer {
  /** `Self`, `Unknown` (the request is signed elsewhere, and the certificate is merged), or an issuer of the vault. */
  readonly name: string;
  readonly certificateType?: string;
  readonly certificateTransparency?: boolean;
}

export interface PolicyKey {
  readonly exportable: boolean;
  readonly kty: CertificateKeyType;
  /** In bits; for an EC key it follows from the curve. */
  readonly size: number;
  readonly curve?: KeyCurve;
  /** Whether a renewal keeps the key. */
  readonly reuse: boolean;
}

export interface PolicyX509 {
  readonly subject: string;
  /** Absent where none were ever given. */
  readonly sans?: Partial<AlternativeNames>;
  /** Object identifiers. */
  readonly ekus: readonly string[];
  readonly keyUsage: readonly KeyUsage[];
  readonly validityMonths: number;
  readonly basicConstraints?: BasicConstraints;
}

export interface LifetimeAction {
  readonly action: LifetimeActionType;
  readonly trigger: LifetimeTrigger;
}

export type LifetimeTrigger = { readonly daysBeforeExpiry: number } | { readonly lifetimePercentage: number };

/** A policy from a client; every member is optional, and not checked yet. */
export interface PolicyParameters {
  readonly issuer?: Partial<PolicyIssuer>;
  readonly key?: KeyParameters;
  readonly contentType?: string;
  readonly x509?: X509Parameters;
  readonly lifetimeActions?: readonly LifetimeActionParameters[];
  readonly enabled?: boolean;
}

export interface KeyParameters {
  readonly exportable?: boolean;
  readonly kty?: string;
  readonly size?: number;
  readonly curve?: string;
  readonly reuse?: boolean;
}

export interface X509Parameters {
  readonly subject?: string;
  readonly sans?: Partial<AlternativeNames>;
  readonly ekus?: readonly string[];
  readonly keyUsage?: readonly string[];
  readonly validityMonths?: number;
  readonly basicConstraints?: BasicConstraints;
}

export interface LifetimeActionParameters {
  readonly action?: string;
  readonly daysBeforeExpiry?: number;
  readonly lifetimePercentage?: number;
}

/** The names of issuers that are not records of a vault. */
const reserved = ['Self', 'Unknown'] as const;

/** Whether the certificate's own key signs it. */
export function isSelf({ name }: PolicyIssuer): boolean {
  return name === 'Self';
}

/** Whether the request is signed outside the vault. */
export function isUnknown({ name }: PolicyIssuer): boolean {
  return name === 'Unknown';
}

/** The canonical spelling: `self` becomes `Self`; any other name is an issuer of the vault. */
export function canonicalIssuer(name: string): string {
  return reserved.find((known) => known.toLowerCase() === name.toLowerCase()) ?? name;
}

export function isReserved(name: string): boolean {
  return reserved.some((known) => known === canonicalIssuer(name));
}

/** Certificates are valid from a little before they are issued, as Azure's are, for clocks that are slow. */
const earlierSeconds = 600;

/** The validity of a certificate that is issued now; all times in seconds since 1970. */
export function validity({ x509 }: Pick<CertificatePolicy, 'x509'>, nowSeconds: number) {
  return { notBefore: nowSeconds - earlierSeconds, notAfter: monthsLater(nowSeconds, x509.validityMonths) };
}

/** The same day of a later month, or its last day. */
function monthsLater(seconds: number, months: number): number {
  const from = new Date(seconds * 1000);
  const later = new Date(from);
  later.setUTCMonth(from.getUTCMonth() + months);
  if (later.getUTCDate() !== from.getUTCDate()) later.setUTCDate(0);
  return Math.floor(later.getTime() / 1000);
}

/** The number of whole months that an imported certificate is valid, for its policy. */
export function validityMonths(notBefore: number, notAfter: number): number {
  const averageMonth = (365.2425 * 86_400) / 12;
  return Math.min(1200, Math.max(1, Math.round((notAfter - notBefore) / averageMonth)));
}

import type { EcKeyMaterial, PublicKey, RsaKeyMaterial } from './key.ts';

/** Key material that a certificate can have. */
export type CertifiableKey = RsaKeyMaterial | EcKeyMaterial;

/** The bits of RFC 5280 section 4.2.1.3, in their order, as Azure spells them in `x509_props.key_usage`. */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof keyUsages)[number];

/** RFC 5280 section 4.2.1.6. A user principal name is an otherName of type 1.3.6.1.4.1.311.20.2.3. */
export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly emails: readonly string[];
  readonly upns: readonly string[];
  /** As strings: `192.0.2.1`, `2001:db8::1`. */
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}

/**
 * RFC 5280 section 4.2.1.9: whether it is an authority, and how many others may follow it; any number if `pathLength`
 * is absent.
 */
export interface BasicConstraints {
  readonly ca: boolean;
  readonly pathLength?: number;
}

/** The subject of a certificate and what it may be used for; a request (RFC 2986) has the same. */
export interface CertificateContents {
  /**
   * An X.500 name as RFC 4514 writes it, the most specific part first: `CN=www.example.com, O=Contoso, C=US`. May be
   * empty if there is a SAN.
   */
  readonly subject: string;
  readonly sans?: Partial<AlternativeNames> | undefined;
  /** Object identifiers: `1.3.6.1.5.5.7.3.1`. */
  readonly ekus: readonly string[];
  readonly keyUsage: readonly KeyUsage[];
  /** Absent: it is not an authority. */
  readonly basicConstraints?: BasicConstraints | undefined;
}

export interface Validity {
  /** Seconds since 1970. */
  readonly notBefore: number;
  /** Seconds since 1970; the last second that is included (RFC 5280 section 4.1.2.5). */
  readonly notAfter: number;
  /** Up to 20 random bytes; made positive as RFC 5280 section 4.1.2.2 requires. */
  readonly serial: Uint8Array;
}

/** The contents of a certificate, read. */
export interface CertificateFacts extends Required<CertificateContents> {
  readonly sans: AlternativeNames;
  readonly basicConstraints: BasicConstraints;
  readonly issuer: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Hexadecimal, lower case, without a zero byte for the sign. */
  readonly serial: string;
  /** SHA-1 of the DER, base64url: the `x5t` of RFC 7517 and of Azure. */
  readonly thumbprint: string;
  readonly publicKey: Exclude<PublicKey, { readonly kty: 'oct' }>;
}

/** A certificate with its private key. */
export interface CertifiedMaterial {
  readonly material: CertifiableKey;
  /** DER; the first has the key, and each of the others is the issuer of the one before it. */
  readonly certificates: readonly Uint8Array[];
}

/** Certificates (DER, each followed by its issuer), with or without the private key of the first. */
export interface Certificates extends Omit<CertifiedMaterial, 'material'> {
  readonly material: CertifiableKey | undefined;
}

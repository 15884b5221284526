import { randomBytes, X509Certificate } from 'node:crypto';
import type { CertifiableKey, CertificateContents, CertifiedMaterial, Validity } from '../../types/certificate.ts';
import { generateEc } from '../keys/generate.ts';
import {
  authorityKeyIdentifier,
  contentExtensions,
  keyIdentifier,
  nameConstraints,
  subjectKeyIdentifier,
} from './extensions.ts';
import { publicKeyInfo } from './keys.ts';
import { commonName } from './name.ts';
import { readPem, writePem } from './pem.ts';
import { describeRefusal } from './refusal.ts';
import { issuerIn, sign } from './sign.ts';

/** PEM, the key as PKCS #8. The certificate does not end with a line break, and stores rely on that. */
export interface CertifiedKey {
  readonly key: string;
  readonly certificate: string;
}

/** The names of a server, and the authority that may certify no others. */
export interface ServerNames {
  /** The common name of the authority. */
  readonly authority: string;
  /** The domains that the authority is limited to, with what is below them. */
  readonly domains: readonly string[];
  /** The common name of the server's certificate. */
  readonly server: string;
  /** The names in it. */
  readonly dnsNames: readonly string[];
}

/** The names of a server with everything under one domain. */
export function namesUnder(domain: string): ServerNames {
  const dnsNames = [domain, `vault.${domain}`, `*.vault.${domain}`];
  return { authority: `Postern CA for ${domain}`, domains: [domain], server: domain, dnsNames };
}

const daySeconds = 86_400;
const caDays = 3650;
/** Browsers refuse server certificates that live longer (CA/Browser Forum, ballot SC22). */
const serverDays = 397;
const serverAuthentication = '1.3.6.1.5.5.7.3.1';

/**
 * A certificate authority whose name constraints (RFC 5280 section 4.2.1.10) limit it to the domains and their
 * subdomains, and exclude all addresses, so that a stolen key is useless elsewhere. `now` is in milliseconds.
 */
export function makeCertificateAuthority(names: ServerNames, now: number): Promise<CertifiedKey> {
  return makeLimitedAuthority({ subject: names.authority, constraints: nameConstraints(names.domains) }, now);
}

/** An authority that signs certificates of its own, within its constraints (an extension, DER). `now` is in milliseconds. */
export async function makeLimitedAuthority(
  { subject, constraints }: { readonly subject: string; readonly constraints: Uint8Array },
  now: number,
): Promise<CertifiedKey> {
  const material = generateEc('P-256');
  const publicKey = publicKeyInfo(material);
  const contents: CertificateContents = {
    subject,
    ekus: [],
    keyUsage: ['keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true, pathLength: 0 },
  };
  const name = commonName(subject);
  const extensions = [...contentExtensions(contents), subjectKeyIdentifier(keyIdentifier(publicKey)), constraints];
  const body = { issuer: { name, material }, subject: name, publicKey, extensions };
  return inPem(material, await sign(body, validity(now, caDays)));
}

/**
 * The server's certificate, for its own names and every vault's. It expires no later than its authority. `now` is
 * in milliseconds.
 */
export async function makeServerCertificate(
  authority: CertifiedKey,
  names: ServerNames,
  now: number,
): Promise<CertifiedKey> {
  const material = generateEc('P-256');
  const contents: CertificateContents = {
    subject: names.server,
    sans: { dnsNames: names.dnsNames },
    ekus: [serverAuthentication],
    keyUsage: ['digitalSignature'],
  };
  const certified = { contents, publicKey: publicKeyInfo(material), days: serverDays - 1 };
  return inPem(material, await certify(authority, certified, now));
}

/** The contents of a certificate that an authority of the server signs. */
export interface Certified {
  /** The subject is a common name. */
  readonly contents: CertificateContents;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  readonly days: number;
}

/** A certificate (DER) that expires no later than its authority. `now` is in milliseconds. */
export function certify(
  authority: CertifiedKey,
  { contents, publicKey, days }: Certified,
  now: number,
): Promise<Uint8Array> {
  const issuer = issuerIn(readAuthority(authority));
  const extensions = [
    ...contentExtensions(contents),
    subjectKeyIdentifier(keyIdentifier(publicKey)),
    authorityKeyIdentifier(issuer.keyIdentifier),
  ];
  const body = { issuer, subject: commonName(contents.subject), publicKey, extensions };
  return sign(body, withinAuthority(authority, validity(now, days)));
}

/** The validity, which ends with that of the authority at the latest. */
function withinAuthority({ certificate }: Pick<CertifiedKey, 'certificate'>, wanted: Validity): Validity {
  const authorityEnds = Math.floor(new X509Certificate(certificate).validToDate.getTime() / 1000);
  return { ...wanted, notAfter: Math.min(wanted.notAfter, authorityEnds) };
}

/** Valid from a day ago, for clients whose clock is slow. */
function validity(now: number, days: number): Validity {
  const seconds = Math.floor(now / 1000);
  return { notBefore: seconds - daySeconds, notAfter: seconds + days * daySeconds, serial: randomBytes(16) };
}

/** The certificate (DER) and its key in PEM. */
function inPem(material: CertifiableKey, certificate: Uint8Array): CertifiedKey {
  return {
    key: writePem({ material, certificates: [] }),
    certificate: writePem({ material: undefined, certificates: [certificate] }).trimEnd(),
  };
}

/**
 * The key and the certificate of an authority, read again.
 * @throws {TypeError} for what cannot be read, or has no key
 */
function readAuthority({ key, certificate }: CertifiedKey): CertifiedMaterial {
  const found = readPem(key + certificate);
  if (!found.ok) throw new TypeError(`a certificate authority of the server: ${describeRefusal(found.refusal)}`);
  const { material, certificates } = found.value;
  if (material === undefined) throw new TypeError('a certificate authority of the server has no key');
  return { material, certificates };
}

import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509';

/** PEM, the key as PKCS #8. */
export interface CertifiedKey {
  readonly key: string;
  readonly certificate: string;
}

const dayMs = 86_400_000;
const caDays = 3650;
/** Browsers refuse server certificates that live longer (CA/Browser Forum, ballot SC22). */
const serverDays = 397;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

cryptoProvider.set(webcrypto);

/**
 * A certificate authority that people may install: its name constraints (RFC 5280 section 4.2.1.10) let it speak for
 * `domain` and what is under it, and for no address, so that whoever steals its key gains nothing elsewhere.
 */
export async function makeCertificateAuthority(domain: string, now: number): Promise<CertifiedKey> {
  const keys = await generateKeys();
  const name = `CN=Postern CA for ${domain}`;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + caDays * dayMs),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      nameConstraints(domain),
    ],
  });
  return { key: await toPem(keys.privateKey), certificate: certificate.toString('pem') };
}

/** The server's certificate: the domain, and every vault under it. */
export async function makeServerCertificate(
  authority: CertifiedKey,
  domain: string,
  now: number,
): Promise<CertifiedKey> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.certificate);
  const signingKey = await readKey(authority.key);
  const names = [domain, `vault.${domain}`, `*.vault.${domain}`].map((value) => ({ type: 'dns', value }) as const);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${domain}`,
    issuer: issuer.subject,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + (serverDays - 1) * dayMs),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(names),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
    ],
  });
  return { key: await toPem(keys.privateKey), certificate: certificate.toString('pem') };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

function readKey(pem: string): Promise<CryptoKey> {
  const pkcs8 = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' });
  return webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
}

async function toPem(key: CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' });
}

/** 16 random bytes, positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40, 0);
  return bytes.toString('hex');
}

/**
 * Permits the domain and what is under it, and excludes every IPv4 and IPv6 address: a constraint on one kind of name
 * says nothing of the others.
 */
function nameConstraints(domain: string): Extension {
  const subtree = (tag: number, base: Buffer) => der(0x30, der(tag, base));
  const permitted = der(0xa0, subtree(0x82, Buffer.from(domain)));
  const excluded = der(0xa1, Buffer.concat([subtree(0x87, Buffer.alloc(8)), subtree(0x87, Buffer.alloc(32))]));
  return new Extension('2.5.29.30', true, der(0x30, Buffer.concat([permitted, excluded])));
}

/** One DER value (X.690 section 8.1.3); a domain has at most 253 characters, so that two length bytes are enough. */
function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

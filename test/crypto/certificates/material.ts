import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import {
  authorityKeyIdentifier,
  contentExtensions,
  keyIdentifier,
  subjectKeyIdentifier,
} from '../../../src/crypto/certificates/extensions.ts';
import { issue, makeTestIssuer, selfSign } from '../../../src/crypto/certificates/issue.ts';
import { publicKeyInfo, readPrivateKey } from '../../../src/crypto/certificates/keys.ts';
import { nameToDer } from '../../../src/crypto/certificates/name.ts';
import type { CertificateFileRefusal, Outcome } from '../../../src/crypto/certificates/refusal.ts';
import { describeRefusal } from '../../../src/crypto/certificates/refusal.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import { issuerIn, sign } from '../../../src/crypto/certificates/sign.ts';
import type {
  CertifiableKey,
  CertificateContents,
  CertifiedMaterial,
  Validity,
} from '../../../src/types/certificate.ts';

/** Every kind of key that a certificate may have, by its name in this table. */
const makers = {
  'RSA 2048': () => rsa(2048),
  'RSA 3072': () => rsa(3072),
  'RSA 4096': () => rsa(4096),
  'P-256': () => ec('prime256v1'),
  'P-384': () => ec('secp384r1'),
  'P-521': () => ec('secp521r1'),
  'P-256K': () => ec('secp256k1'),
} as const;

export type Kind = keyof typeof makers;

export const kinds: readonly Kind[] = ['RSA 2048', 'RSA 3072', 'RSA 4096', 'P-256', 'P-384', 'P-521', 'P-256K'];

const made = new Map<Kind, CertifiableKey>();

/** The key of this kind: the same in one process, because making RSA keys takes seconds. */
export function material(kind: Kind): CertifiableKey {
  const known = made.get(kind) ?? makers[kind]();
  made.set(kind, known);
  return known;
}

export function rsa(modulusLength: number): CertifiableKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return readPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }));
}

export function ec(namedCurve: string): CertifiableKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return readPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }));
}

/** 2026-01-01 to 2027-01-01, both at midnight, in seconds; `openssl verify` gets a time between them. */
export const validity: Validity = { notBefore: 1_767_225_600, notAfter: 1_798_761_600, serial: Buffer.alloc(16, 0x11) };
export const during = String(validity.notBefore + 1_000);

export const contents: CertificateContents = {
  subject: 'CN=www.example.com, O=Contoso, C=US',
  sans: {
    dnsNames: ['www.example.com', '*.example.org'],
    emails: ['someone@example.com'],
    upns: ['someone@corp.example.com'],
    ipAddresses: ['192.0.2.7', '2001:db8::7'],
    uris: ['https://example.com/path'],
  },
  ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
  keyUsage: ['digitalSignature', 'keyEncipherment'],
};

/** The value of an outcome that must not be a refusal. */
export function value<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : describeRefusal(outcome.refusal));
  return outcome.value;
}

/** The kind of the refusal, or 'ok'. */
export function kindOf(outcome: Outcome<unknown>): CertificateFileRefusal['kind'] | 'ok' {
  return outcome.ok ? 'ok' : outcome.refusal.kind;
}

/** The message of the refusal. */
export function textOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'not refused' : describeRefusal(outcome.refusal);
}

export async function selfSigned(key: CertifiableKey, changed: Partial<CertificateContents> = {}): Promise<Uint8Array> {
  return value(await selfSign(key, { ...contents, ...validity, ...changed }));
}

/** A key with a chain: its certificate, an intermediate one, the root. */
export async function withChain(key: CertifiableKey): Promise<CertifiedMaterial> {
  const root = await makeTestIssuer('Root', validity.notBefore * 1000);
  const issuer = await authorityUnder(root);
  const leaf = value(await issue({ request: value(await makeRequest(key, contents)), issuer, ...validity }));
  return { material: key, certificates: [leaf, ...issuer.certificates, ...root.certificates] };
}

/** An authority that another one signed, which no request can bring about. */
async function authorityUnder(root: CertifiedMaterial): Promise<CertifiedMaterial> {
  const between = ec('secp384r1');
  const by = issuerIn(root);
  const publicKey = publicKeyInfo(between);
  const extensions = [
    ...contentExtensions({
      subject: 'CN=Between',
      ekus: [],
      keyUsage: ['keyCertSign'],
      basicConstraints: { ca: true },
    }),
    subjectKeyIdentifier(keyIdentifier(publicKey)),
    authorityKeyIdentifier(by.keyIdentifier),
  ];
  const certificate = await sign({ issuer: by, subject: nameToDer('CN=Between'), publicKey, extensions }, validity);
  return { material: between, certificates: [certificate] };
}

/** In the form that `openssl` needs. */
export function pem(...certificates: readonly Uint8Array[]): string {
  const block = (der: Uint8Array) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
  return certificates.map(block).join('');
}

export function hex(certificates: readonly Uint8Array[]): string[] {
  return certificates.map((der) => Buffer.from(der).toString('hex'));
}

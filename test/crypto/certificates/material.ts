import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { issue, makeTestIssuer, selfSign } from '../../../src/crypto/certificates/issue.ts';
import { readPrivateKey } from '../../../src/crypto/certificates/keys.ts';
import type { CertificateFileRefusal, Outcome } from '../../../src/crypto/certificates/refusal.ts';
import { describeRefusal } from '../../../src/crypto/certificates/refusal.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import type {
  CertifiableKey,
  CertificateContents,
  CertifiedMaterial,
  Validity,
} from '../../../src/types/certificate.ts';

/** Every kind of key that a certificate may have, by the names of this table. */
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

/** The key of this kind: always the same in one process, as making RSA keys takes seconds. */
export function material(kind: Kind): CertifiableKey {
  const known = made.get(kind) ?? makers[kind]();
  made.set(kind, known);
  return known;
}

export function rsa(modulusLength: number): CertifiableKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return readPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }), 'pkcs8');
}

export function ec(namedCurve: string): CertifiableKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return readPrivateKey(privateKey.export({ format: 'der', type: 'pkcs8' }), 'pkcs8');
}

/** 2026-01-01 to 2027-01-01, both at midnight, in seconds; `openssl verify` is told a time between them. */
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

/** The value, where nothing may be refused. */
export function value<T>(outcome: Outcome<T>): T {
  assert.ok(outcome.ok, outcome.ok ? '' : describeRefusal(outcome.refusal));
  return outcome.value;
}

/** The kind of the refusal, or what was not refused. */
export function kindOf(outcome: Outcome<unknown>): CertificateFileRefusal['kind'] | 'ok' {
  return outcome.ok ? 'ok' : outcome.refusal.kind;
}

/** The text of the refusal. */
export function textOf(outcome: Outcome<unknown>): string {
  return outcome.ok ? 'not refused' : describeRefusal(outcome.refusal);
}

export async function selfSigned(key: CertifiableKey, changed: Partial<CertificateContents> = {}): Promise<Uint8Array> {
  return value(await selfSign(key, { ...contents, ...validity, ...changed }));
}

/** A key with a chain: its certificate, one of an authority in between, the root. */
export async function withChain(key: CertifiableKey): Promise<CertifiedMaterial> {
  const root = await makeTestIssuer('Root', validity.notBefore * 1000);
  const between = ec('secp384r1');
  const asAuthority = { ...contents, subject: 'CN=Between', sans: {}, ekus: [], keyUsage: ['keyCertSign'] } as const;
  const request = value(await makeRequest(between, asAuthority));
  const certificate = value(await issue({ request, issuer: root, ...validity }));
  const issuer = { material: between, certificates: [certificate] };
  const leaf = value(await issue({ request: value(await makeRequest(key, contents)), issuer, ...validity }));
  return { material: key, certificates: [leaf, certificate, ...root.certificates] };
}

/** As `openssl` wants certificates. */
export function pem(...certificates: readonly Uint8Array[]): string {
  const block = (der: Uint8Array) =>
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;
  return certificates.map(block).join('');
}

export function hex(certificates: readonly Uint8Array[]): string[] {
  return certificates.map((der) => Buffer.from(der).toString('hex'));
}

import type { Certificates } from '../../types/certificate.ts';
import { toPkcs8Der } from '../key-material.ts';
import { distinctCertificates, inChainOrder } from './chain.ts';
import type { FileContents } from './chain.ts';
import { decryptPrivateKey } from './encrypted-private-key.ts';
import { readPrivateKey } from './keys.ts';
import { Malformed, outcomeOf, outcomeOfAsync, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

/** Without a key the certificates are in the order of the file. */
export type PemContents = FileContents | (Certificates & { readonly material: undefined });

const what = 'PEM file';
const mostCharacters = 1_048_576;

/** RFC 7468 section 3. Anything between the blocks, such as OpenSSL's "Bag Attributes", is ignored. */
const block = /-----BEGIN (?<label>[A-Z0-9 #]{1,64})-----(?<body>[^-]*)-----END \k<label>-----/g;

/** RFC 7468 sections 5.1 and 5.3. */
const certificateLabels: ReadonlySet<string> = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
/** PKCS #1 and RFC 5915. "Key Vault will only accept a key in PKCS#8 format" (REST reference, Import Certificate). */
const otherKeyLabels: ReadonlySet<string> = new Set(['RSA PRIVATE KEY', 'EC PRIVATE KEY', 'EC PARAMETERS']);

/** RFC 7468 section 11. */
const encryptedKeyLabel = 'ENCRYPTED PRIVATE KEY';

/** Reads certificates, and the private key if there is one. */
export function readPem(text: string): Outcome<PemContents> {
  return outcomeOf(what, () => {
    const { certificates, key } = parsePem(text);
    if (key?.label === encryptedKeyLabel) throw new Refused({ kind: 'passwordMissing' });
    return contentsOf(key?.bytes, certificates);
  });
}

/** The same for PEM whose private key may be encrypted. An empty password means none. */
export function readPemWithPassword(text: string, password: string): Promise<Outcome<PemContents>> {
  return outcomeOfAsync(what, async () => {
    const { certificates, key } = parsePem(text);
    if (key?.label !== encryptedKeyLabel) return contentsOf(key?.bytes, certificates);
    if (password === '') throw new Refused({ kind: 'passwordMissing' });
    return contentsOf(await decryptPrivateKey(key.bytes, password), certificates);
  });
}

interface PemParts {
  readonly certificates: readonly Uint8Array[];
  readonly key: { readonly label: string; readonly bytes: Buffer } | undefined;
}

function parsePem(text: string): PemParts {
  if (text.length > mostCharacters) {
    throw new Refused({ kind: 'tooLarge', what, found: text.length, most: mostCharacters });
  }
  const certificates: Uint8Array[] = [];
  let key: PemParts['key'];
  for (const { label, body } of blocksOf(text)) {
    if (certificateLabels.has(label)) certificates.push(bytesOf(label, body));
    else if (label !== 'PRIVATE KEY' && label !== encryptedKeyLabel) throw foreign(label);
    // A second key is not read: reading takes long, and there may be thousands.
    else if (key !== undefined) throw new Refused({ kind: 'severalPrivateKeys', what });
    else key = { label, bytes: bytesOf(label, body) };
  }
  return { certificates, key };
}

function contentsOf(pkcs8: Uint8Array | undefined, certificates: readonly Uint8Array[]): PemContents {
  if (pkcs8 !== undefined) return inChainOrder(readPrivateKey(pkcs8), certificates, what);
  return { material: undefined, certificates: distinctCertificates(certificates, what).map(({ der }) => der) };
}

function foreign(label: string): Malformed {
  return new Malformed(
    otherKeyLabels.has(label)
      ? `only keys in PKCS #8 are accepted, and it has an ${label}; convert it with openssl pkcs8 -topk8 -nocrypt`
      : `a ${label} is neither a certificate nor a private key`,
  );
}

function blocksOf(text: string): { readonly label: string; readonly body: string }[] {
  // "Verify that the content in the PEM file uses UNIX-style line separators" (FAQ of certificates).
  if (text.includes('\r')) throw new Malformed('its lines end in CR LF, and only LF is accepted');
  const blocks = Array.from(text.matchAll(block), ({ groups }) => ({
    label: groups?.['label'] ?? '',
    body: groups?.['body'] ?? '',
  }));
  const begun = text.split('-----BEGIN ').length - 1;
  // Keys with "Proc-Type: 4,ENCRYPTED" (RFC 1421 section 4.6.1.1) have headers before the base64.
  if (/^Proc-Type:\s*4,\s*ENCRYPTED/m.test(text)) throw new Refused({ kind: 'encryptedPem' });
  if (begun === 0) throw new Malformed('it has no line -----BEGIN CERTIFICATE-----');
  if (begun !== blocks.length) throw new Malformed('a block does not end with the line that matches its beginning');
  return blocks;
}

function bytesOf(label: string, body: string): Buffer {
  const characters = body.replaceAll(/\s/g, '');
  const bytes = Buffer.from(characters, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== characters) {
    throw new Malformed(`the ${label} in it is not base64`);
  }
  return bytes;
}

/**
 * The key, if there is one, as PKCS #8, then the certificates: Azure's form of a secret of content type
 * `application/x-pem-file`.
 */
export function writePem({ material, certificates }: Certificates): string {
  const blocks = [
    ...(material === undefined ? [] : [pemBlock('PRIVATE KEY', toPkcs8Der(material))]),
    ...certificates.map((der) => pemBlock('CERTIFICATE', der)),
  ];
  return blocks.join('');
}

function pemBlock(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

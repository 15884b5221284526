import type { CertifiableKey, Certificates } from '../../types/certificate.ts';
import { toPkcs8Der } from '../key-material.ts';
import { distinct, inChainOrder } from './chain.ts';
import type { FileContents } from './chain.ts';
import { readPrivateKey } from './keys.ts';
import { Malformed, outcomeOf, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

/** Without a key the certificates are in the order of the text. */
export type PemContents = FileContents | (Certificates & { readonly material: undefined });

const what = 'PEM text';
const mostCharacters = 1_048_576;

/** RFC 7468 section 3. What stands between the blocks, such as OpenSSL's "Bag Attributes", is a remark. */
const block = /-----BEGIN (?<label>[A-Z0-9 #]{1,64})-----(?<body>[^-]*)-----END \k<label>-----/g;

/** What a block holds, by its label (RFC 7468 section 4; the two others are those of PKCS #1 and RFC 5915). */
const keyTypes: Readonly<Record<string, 'pkcs8' | 'pkcs1' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
};

/** Certificates, and a private key (PKCS #8, PKCS #1 or SEC 1) if one is there. */
export function readPem(text: string): Outcome<PemContents> {
  return outcomeOf(what, () => {
    if (text.length > mostCharacters) {
      throw new Refused({ kind: 'tooLarge', what, found: text.length, most: mostCharacters });
    }
    const certificates: Uint8Array[] = [];
    const keys: CertifiableKey[] = [];
    for (const { label, body } of blocksOf(text)) {
      const type = keyTypes[label];
      if (type !== undefined && keys.length > 0) throw new Refused({ kind: 'severalPrivateKeys', what });
      if (type !== undefined) keys.push(readPrivateKey(bytesOf(label, body), type));
      else if (label === 'CERTIFICATE' || label === 'X509 CERTIFICATE') certificates.push(bytesOf(label, body));
      // The name of the curve, which `openssl ecparam -genkey` writes before the key that names it again.
      else if (label !== 'EC PARAMETERS') throw new Malformed(`a ${label} is neither a certificate nor a private key`);
    }
    const [material] = keys;
    if (material !== undefined) return inChainOrder(material, certificates, what);
    return { material, certificates: distinct(certificates, what).map(({ der }) => der) };
  });
}

function blocksOf(text: string): { readonly label: string; readonly body: string }[] {
  const blocks = Array.from(text.matchAll(block), ({ groups }) => ({
    label: groups?.['label'] ?? '',
    body: groups?.['body'] ?? '',
  }));
  const begun = text.split('-----BEGIN ').length - 1;
  // A label of a "Proc-Type: 4,ENCRYPTED" key (RFC 1421 section 4.6.1.1) has headers before its body.
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type:\s*4,\s*ENCRYPTED/m.test(text)) {
    throw new Refused({ kind: 'encryptedPem' });
  }
  if (begun === 0) throw new Malformed('it has no line -----BEGIN CERTIFICATE-----');
  if (begun !== blocks.length) throw new Malformed('a block that begins does not end as it began');
  return blocks;
}

function bytesOf(label: string, body: string): Buffer {
  const characters = body.replaceAll(/\s/g, '');
  const bytes = Buffer.from(characters, 'base64');
  if (bytes.length === 0 || bytes.toString('base64') !== characters) {
    throw new Malformed(`the ${label} in it is no base64`);
  }
  return bytes;
}

/** The key as PKCS #8 if there is one, then the certificates, as Azure writes a secret of content type `application/x-pem-file`. */
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

import { hash } from 'node:crypto';
import { keyUsages } from '../../types/certificate.ts';
import type { AlternativeNames, BasicConstraints, CertificateContents, KeyUsage } from '../../types/certificate.ts';
import { decodeAlternativeNames, encodeAlternativeNames } from './alternative-names.ts';
import { DerReader, readObjectIdentifier, wholeSequence } from './der-read.ts';
import {
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  tags,
  derTrue,
} from './der-write.ts';
import { isObjectIdentifier } from './name-attributes.ts';
import { Malformed, Refused } from './refusal.ts';

/** RFC 5280 section 4.2.1. */
const identifiers = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

const ofRequests: ReadonlySet<string> = new Set([
  identifiers.keyUsage,
  identifiers.extendedKeyUsage,
  identifiers.subjectAlternativeName,
]);

/** The extensions of a certificate or a request, read. */
export interface ExtensionFacts {
  readonly sans: AlternativeNames;
  /** Also true for kinds of names that `sans` does not have. */
  readonly hasAlternativeName: boolean;
  readonly ekus: readonly string[];
  readonly keyUsage: readonly KeyUsage[];
  readonly basicConstraints: BasicConstraints;
  readonly subjectKeyIdentifier: Buffer | undefined;
  /** The extensions that a request may ask for, as they were encoded. */
  readonly requestable: readonly Buffer[];
}

/** An extension: its identifier and value, and whether it is critical, that is, must not be ignored. */
function extension(identifier: string, value: Uint8Array, critical: boolean): Buffer {
  return sequence(objectIdentifier(identifier), ...(critical ? [derTrue] : []), octetString(value));
}

/**
 * The extensions of a request, in Azure's order. Without a subject the alternative name is critical, because it is the
 * only name (RFC 5280 section 4.2.1.6).
 */
export function contentExtensions({
  subject,
  sans,
  ekus,
  keyUsage,
  basicConstraints: constraints = { ca: false },
}: CertificateContents): Buffer[] {
  const names = encodeAlternativeNames(sans ?? {});
  if (subject === '' && names === undefined) throw subjectMissing();
  return [
    ...(keyUsage.length === 0 ? [] : [extension(identifiers.keyUsage, encodeKeyUsage(keyUsage), true)]),
    ...(ekus.length === 0 ? [] : [extension(identifiers.extendedKeyUsage, encodeExtendedKeyUsage(ekus), false)]),
    ...(names === undefined ? [] : [extension(identifiers.subjectAlternativeName, names, subject === '')]),
    basicConstraints(constraints),
  ];
}

/** The refusal when there is neither a subject nor an alternative name. */
export function subjectMissing(): Refused {
  return new Refused({ kind: 'badSubject', detail: 'is empty, and there is no subject alternative name either.' });
}

/** Critical for an authority (section 4.2.1.9). */
export function basicConstraints({ ca, pathLength }: BasicConstraints): Buffer {
  const most = pathLength === undefined ? [] : [integer(pathLength)];
  return extension(identifiers.basicConstraints, sequence(...(ca ? [derTrue] : []), ...most), ca);
}

/**
 * Limits an authority to the domains and their subdomains, and to no IPv4 or IPv6 address: a constraint on one kind of
 * name does not limit the others (section 4.2.1.10).
 */
export function nameConstraints(domains: readonly string[]): Buffer {
  const permitted = explicit(0, ...domains.map((domain) => sequence(implicit(2, Buffer.from(domain)))));
  // Address and mask, all zero: every address of the family.
  const excluded = explicit(1, ...[8, 32].map((octets) => sequence(implicit(7, Buffer.alloc(octets)))));
  return extension(identifiers.nameConstraints, sequence(permitted, excluded), true);
}

/**
 * Limits an authority to URIs whose host is this one, and to no DNS name or IP address (section 4.2.1.10: adding labels
 * to the empty base makes every DNS name).
 */
export function uriConstraints(host: string): Buffer {
  const base = (tag: number, value: Uint8Array) => sequence(implicit(tag, value));
  const permitted = explicit(0, base(6, Buffer.from(host)));
  const excluded = explicit(1, base(2, Buffer.alloc(0)), ...[8, 32].map((octets) => base(7, Buffer.alloc(octets))));
  return extension(identifiers.nameConstraints, sequence(permitted, excluded), true);
}

/** The identifier by which issued certificates name this key, for building chains. */
export function subjectKeyIdentifier(identifier: Uint8Array): Buffer {
  return extension(identifiers.subjectKeyIdentifier, octetString(identifier), false);
}

/** The identifier of the issuer's key that signed. */
export function authorityKeyIdentifier(identifier: Uint8Array): Buffer {
  return extension(identifiers.authorityKeyIdentifier, sequence(implicit(0, identifier)), false);
}

/** A key's identifier is its SHA-1 (section 4.2.1.2, method 1). `publicKey` is a SubjectPublicKeyInfo. */
export function keyIdentifier(publicKey: Uint8Array): Buffer {
  const reader = wholeSequence(publicKey, 'the public key');
  reader.sequence('the algorithm of the public key');
  return hash('sha1', reader.bitString('the public key'), 'buffer');
}

/** Named bits, without trailing zeros (X.690 section 11.2.2). */
function encodeKeyUsage(usages: readonly KeyUsage[]): Buffer {
  const places = usages.map((usage) => keyUsages.indexOf(usage));
  const last = Math.max(...places);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (0x80 >> (place & 7));
  return bitString(bytes, 7 - (last & 7));
}

function encodeExtendedKeyUsage(ekus: readonly string[]): Buffer {
  const wrong = ekus.find((eku) => !isObjectIdentifier(eku));
  if (wrong !== undefined) {
    const detail = `${JSON.stringify(wrong.slice(0, 130))} is not an object identifier, such as 1.3.6.1.5.5.7.3.1.`;
    throw new Refused({ kind: 'badUsage', detail });
  }
  return sequence(...ekus.map(objectIdentifier));
}

/** Reads the contents of an Extensions sequence, if there is one. Extensions not named above are ignored. */
export function readExtensions(extensions: DerReader | undefined): ExtensionFacts {
  const values = new Map<string, Buffer>();
  const requestable: Buffer[] = [];
  for (const { whole } of extensions?.rest(tags.sequence, 'an extension') ?? []) {
    const one = wholeSequence(whole, 'an extension');
    const identifier = one.objectIdentifier('the identifier of an extension');
    one.optional(tags.boolean, 'the flag of an extension');
    const value = one.octetString(`the extension ${identifier}`);
    one.end();
    if (values.has(identifier)) throw new Malformed(`the extension ${identifier} appears twice`);
    values.set(identifier, value);
    if (ofRequests.has(identifier)) requestable.push(whole);
  }
  const keyId = values.get(identifiers.subjectKeyIdentifier);
  const names = values.get(identifiers.subjectAlternativeName);
  return {
    sans: decodeAlternativeNames(names ?? sequence()),
    ekus: readExtendedKeyUsage(values.get(identifiers.extendedKeyUsage)),
    keyUsage: readKeyUsage(values.get(identifiers.keyUsage)),
    basicConstraints: readBasicConstraints(values.get(identifiers.basicConstraints)),
    requestable,
    hasAlternativeName: names !== undefined,
    subjectKeyIdentifier: keyId && new DerReader(keyId, 'the key identifier').octetString('the key identifier'),
  };
}

function readKeyUsage(value: Buffer | undefined): KeyUsage[] {
  if (value === undefined) return [];
  const bits = new DerReader(value, 'the key usage').next(tags.bitString, 'the key usage').content.subarray(1);
  return keyUsages.filter((_, place) => (((bits[place >> 3] ?? 0) << (place & 7)) & 0x80) !== 0);
}

function readExtendedKeyUsage(value: Buffer | undefined): string[] {
  if (value === undefined) return [];
  const usages = wholeSequence(value, 'the extended key usage').rest(tags.objectIdentifier, 'an extended key usage');
  return Array.from(usages, ({ content }) => readObjectIdentifier(content, 'an extended key usage'));
}

function readBasicConstraints(value: Buffer | undefined): BasicConstraints {
  const reader = wholeSequence(value ?? sequence(), 'the basic constraints');
  const ca = reader.optional(tags.boolean, 'the basic constraints')?.content[0] === 0xff;
  return !ca || reader.done ? { ca } : { ca, pathLength: reader.count('the path length') };
}

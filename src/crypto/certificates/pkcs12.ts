import { hash } from 'node:crypto';
import type { CertifiableKey, Certificates } from '../../types/certificate.ts';
import { toPkcs8Der } from '../key-material.ts';
import { derOf, ValueCount } from './ber.ts';
import { matches } from './certificate.ts';
import { distinct, inChainOrder } from './chain.ts';
import type { FileContents } from './chain.ts';
import { DerReader, wholeSequence } from './der-read.ts';
import { explicit, implicit, integer, objectIdentifier, octetString, sequence, set, tags } from './der-write.ts';
import { passphraseOf, Work } from './key-derivation.ts';
import type { Passphrase } from './key-derivation.ts';
import { readPrivateKey } from './keys.ts';
import { decryptWithPassword, encryptWithPassword, supported } from './password-encryption.ts';
import { authenticate, authenticatedBy, readAuthentication } from './pkcs12-authentication.ts';
import { Malformed, outcomeOf, outcomeOfLater, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

const what = 'PKCS #12 file';
const mostBytes = 1_048_576;
/** Bags in bags, which nobody writes deeper than one. */
const deepestBag = 4;

const identifiers = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  safeContentsBag: '1.2.840.113549.1.12.10.1.6',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  localKeyId: '1.2.840.113549.1.9.21',
} as const;

/** What one file is opened with, and what was found in it so far. */
interface Opening {
  /** Those that the password may stand for. */
  readonly passphrases: readonly Passphrase[];
  readonly work: Work;
  readonly count: ValueCount;
  readonly keys: CertifiableKey[];
  readonly certificates: Buffer[];
}

/**
 * The one key of a PKCS #12 file (RFC 7292) with its certificate and the chain. Read are the ciphers that OpenSSL, Windows
 * and Java write and wrote: PBES2 with AES or 3DES, PBES1 with 3DES or RC2, and none; with HMAC, PBMAC1 or nothing to
 * authenticate it. `password` is empty for files without one.
 */
export function readPkcs12(bytes: Uint8Array, password: string): Promise<Outcome<FileContents>> {
  return outcomeOfLater(what, async () => {
    const { material, certificates } = await contentsOf(bytes, password);
    if (material === undefined) throw new Refused({ kind: 'noPrivateKey', what });
    return inChainOrder(material, certificates, what);
  });
}

/** What a file of ours holds, with a key or without: its certificates in their order, which was chosen when it was written. */
export function readPkcs12Contents(bytes: Uint8Array, password: string): Promise<Outcome<Certificates>> {
  return outcomeOfLater(what, async () => {
    const { material, certificates } = await contentsOf(bytes, password);
    return { material, certificates: distinct(certificates, what).map(({ der }) => der) };
  });
}

/** @throws {Refused} @throws {Malformed} */
async function contentsOf(bytes: Uint8Array, password: string): Promise<Certificates> {
  if (bytes.length > mostBytes) throw new Refused({ kind: 'tooLarge', what, found: bytes.length, most: mostBytes });
  if (bytes[0] !== tags.sequence) throw new Malformed('it does not begin with 0x30, as a DER sequence does');
  const count = new ValueCount();
  const file = wholeSequence(derOf(bytes, count), 'the file');
  if (file.count('the version') !== 3) throw new Malformed('its version is not 3');
  const contents = dataOf(file.sequence('the authenticated safe'));
  const macData = file.done ? undefined : file.sequence('the authentication data');
  file.end();
  const work = new Work(what);
  const passphrases = await passphrasesOf({ contents, macData, password, work });
  const opening: Opening = { passphrases, work, count, keys: [], certificates: [] };
  const safe = wholeSequence(derOf(contents, count), 'the authenticated safe');
  while (!safe.done) await openContents(safe.sequence('a safe'), opening);
  return { material: opening.keys[0], certificates: opening.certificates };
}

interface Protection {
  readonly contents: Buffer;
  readonly macData: DerReader | undefined;
  readonly password: string;
  readonly work: Work;
}

/** What the password stands for: the one that authenticates the file or, without authentication, all that it may. */
async function passphrasesOf({ contents, macData, password, work }: Protection): Promise<Passphrase[]> {
  // Programs differ in whether no password is the empty string, with its two zeros, or nothing at all.
  const candidates = password === '' ? [passphraseOf(''), nothingAtAll] : [passphraseOf(password)];
  if (macData === undefined) return candidates;
  const right = await authenticatedBy(readAuthentication(macData, work), contents, candidates);
  if (right === undefined) throw new Refused({ kind: 'wrongPassword' });
  return [right];
}

const nothingAtAll: Passphrase = { utf8: Buffer.alloc(0), bmp: Buffer.alloc(0) };

/** ContentInfo of type data: its octets. */
function dataOf(contentInfo: DerReader): Buffer {
  supported({ [identifiers.data]: true }, contentInfo.objectIdentifier('the type of the contents'), 'content type');
  return contentInfo.inside(0xa0, 'the contents').octetString('the contents');
}

/** One ContentInfo of the authenticated safe, in clear or encrypted. */
async function openContents(contentInfo: DerReader, opening: Opening): Promise<void> {
  const type = contentInfo.objectIdentifier('the type of a safe');
  const inner = contentInfo.inside(0xa0, 'the contents of a safe');
  const open = supported(contentTypes, type, 'content type');
  await openBags(await open(inner, opening), opening, 0);
}

type Open = (inner: DerReader, opening: Opening) => Promise<DerReader>;

const contentTypes: Readonly<Record<string, Open>> = {
  [identifiers.data]: (inner, { count }) =>
    Promise.resolve(wholeSequence(derOf(inner.octetString('a safe'), count), 'a safe')),
  [identifiers.encryptedData]: (inner, opening) => {
    const encryptedData = inner.sequence('an encrypted safe');
    encryptedData.count('the version of an encrypted safe');
    const contentInfo = encryptedData.sequence('an encrypted safe');
    contentInfo.objectIdentifier('the type of an encrypted safe');
    return decrypted(contentInfo, () => encryptedOctets(contentInfo), opening).then((der) =>
      wholeSequence(der, 'a safe'),
    );
  },
};

/** [0] IMPLICIT OCTET STRING, which BER may write in pieces. */
function encryptedOctets(contentInfo: DerReader): Buffer {
  if (contentInfo.tag === 0x80) return contentInfo.any('an encrypted safe').content;
  const pieces = contentInfo.inside(0xa0, 'an encrypted safe').rest(tags.octetString, 'a piece of an encrypted safe');
  return Buffer.concat(Array.from(pieces, ({ content }) => content));
}

/** The sequence that was encrypted, as DER: what decrypts to anything else did so by accident, with a wrong password. */
async function decrypted(reader: DerReader, ciphertextOf: () => Buffer, opening: Opening): Promise<Buffer> {
  const algorithm = reader.next(tags.sequence, 'the encryption algorithm').content;
  const ciphertext = ciphertextOf();
  for (const passphrase of opening.passphrases) {
    const parameters = new DerReader(algorithm, 'the encryption algorithm');
    const plaintext = await decryptWithPassword(parameters, ciphertext, { passphrase, work: opening.work });
    const found = plaintext && outcomeOf(what, () => derOf(plaintext, opening.count));
    if (found?.ok === true && found.value[0] === tags.sequence) return found.value;
  }
  throw new Refused({ kind: 'notDecrypted' });
}

async function openBags(bags: DerReader, opening: Opening, depth: number): Promise<void> {
  if (depth > deepestBag) throw new Malformed('its bags are nested too deep');
  while (!bags.done) {
    const bag = bags.sequence('a bag');
    const type = bag.objectIdentifier('the type of a bag');
    const value = bag.inside(0xa0, 'the value of a bag');
    const take = supported(bagTypes, type, 'PKCS #12 bag');
    await take(value, opening, depth);
  }
}

/** As in PEM, of a second key nothing is read. */
function takeKey(keys: CertifiableKey[], pkcs8: Uint8Array): void {
  if (keys.length > 0) throw new Refused({ kind: 'severalPrivateKeys', what });
  keys.push(readPrivateKey(pkcs8));
}

type Take = (value: DerReader, opening: Opening, depth: number) => Promise<void> | void;

/** RFC 7292 section 4.2. Revocation lists and secrets are no part of a certificate, and are refused. */
const bagTypes: Readonly<Record<string, Take>> = {
  [identifiers.keyBag]: (value, { keys }) => {
    takeKey(keys, value.next(tags.sequence, 'a private key').whole);
  },
  [identifiers.shroudedKeyBag]: async (value, opening) => {
    const encrypted = value.sequence('an encrypted private key');
    const key = await decrypted(encrypted, () => encrypted.octetString('an encrypted private key'), opening);
    takeKey(opening.keys, key);
  },
  [identifiers.certBag]: (value, { certificates }) => {
    const bag = value.sequence('a certificate bag');
    const type = bag.objectIdentifier('the type of a certificate');
    supported({ [identifiers.x509Certificate]: true }, type, 'certificate type');
    certificates.push(bag.inside(0xa0, 'a certificate').octetString('a certificate'));
  },
  [identifiers.safeContentsBag]: (value, opening, depth) =>
    openBags(value.sequence('a bag of bags'), opening, depth + 1),
};

/**
 * A PKCS #12 file that OpenSSL, Java and Windows read: PBES2 with AES-256-CBC, HMAC with SHA-256, as OpenSSL 3 and
 * Windows write by default. Without a key it holds the certificates alone. What only reads 3DES is older than Windows 10 1709.
 */
export async function writePkcs12({ material, certificates }: Certificates, password = ''): Promise<Uint8Array> {
  const passphrase = passphraseOf(password);
  const leaf = material && certificates.find((certificate) => matches(material, certificate));
  // The key's bag and that of its certificate carry the same identifier, by which readers pair them.
  const keyId = set(
    sequence(objectIdentifier(identifiers.localKeyId), set(octetString(hash('sha1', leaf ?? '', 'buffer')))),
  );
  const certificateBags = certificates.map((certificate) => {
    const value = sequence(objectIdentifier(identifiers.x509Certificate), explicit(0, octetString(certificate)));
    return bagOf(identifiers.certBag, value, certificate === leaf ? keyId : undefined);
  });
  const certificateSafe = await encryptWithPassword(passphrase, sequence(...certificateBags));
  const keySafes: Buffer[] = [];
  if (material !== undefined) {
    const key = await encryptWithPassword(passphrase, toPkcs8Der(material));
    const keyBag = bagOf(identifiers.shroudedKeyBag, sequence(key.algorithm, octetString(key.ciphertext)), keyId);
    keySafes.push(dataContents(sequence(keyBag)));
  }
  const encrypted = sequence(
    objectIdentifier(identifiers.data),
    certificateSafe.algorithm,
    implicit(0, certificateSafe.ciphertext),
  );
  const contents = sequence(
    sequence(objectIdentifier(identifiers.encryptedData), explicit(0, sequence(integer(0), encrypted))),
    ...keySafes,
  );
  return sequence(integer(3), dataContents(contents), await authenticate(passphrase, contents));
}

function bagOf(type: string, value: Uint8Array, attributes: Uint8Array | undefined): Buffer {
  return sequence(objectIdentifier(type), explicit(0, value), ...(attributes === undefined ? [] : [attributes]));
}

function dataContents(contents: Uint8Array): Buffer {
  return sequence(objectIdentifier(identifiers.data), explicit(0, octetString(contents)));
}

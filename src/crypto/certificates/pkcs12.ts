import { hash } from 'node:crypto';
import type { CertifiableKey, Certificates } from '../../types/certificate.ts';
import { toPkcs8Der } from '../key-material.ts';
import { berToDer, ValueCount } from './ber.ts';
import { matches } from './certificate.ts';
import { distinctCertificates, inChainOrder } from './chain.ts';
import type { FileContents } from './chain.ts';
import { DerReader, wholeSequence } from './der-read.ts';
import { explicit, implicit, integer, objectIdentifier, octetString, sequence, set, tags } from './der-write.ts';
import { passphraseOf, Work } from './key-derivation.ts';
import type { Passphrase } from './key-derivation.ts';
import { readPrivateKey } from './keys.ts';
import { decryptWithPassword, encryptWithPassword, supportedAlgorithm } from './password-encryption.ts';
import { authenticate, authenticatedBy, readAuthentication } from './pkcs12-authentication.ts';
import { Malformed, outcomeOf, outcomeOfAsync, Refused } from './refusal.ts';
import type { Outcome } from './refusal.ts';

const what = 'PKCS #12 file';
const mostBytes = 1_048_576;
/** Bags may contain bags; real files have at most one level. */
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

/** The means of opening one file, and what was found in it so far. */
interface Opening {
  /** The possible encodings of the password. */
  readonly passphrases: readonly Passphrase[];
  readonly work: Work;
  readonly count: ValueCount;
  readonly keys: CertifiableKey[];
  readonly certificates: Buffer[];
}

/**
 * The one key of a PKCS #12 file (RFC 7292) with its certificate and the chain. Reads what OpenSSL, Windows and Java
 * write and used to write: PBES2 with AES or 3DES, PBES1 with 3DES or RC2, or no encryption; authenticated by HMAC,
 * PBMAC1 or nothing. `password` is empty for files without one.
 */
export function readPkcs12(bytes: Uint8Array, password: string): Promise<Outcome<FileContents>> {
  return outcomeOfAsync(what, async () => {
    const { material, certificates } = await contentsOf(bytes, password);
    if (material === undefined) throw new Refused({ kind: 'noPrivateKey', what });
    return inChainOrder(material, certificates, what);
  });
}

/** The contents of a file that Postern wrote, with or without a key: the certificates are in the order of the file. */
export function readPkcs12Contents(bytes: Uint8Array, password: string): Promise<Outcome<Certificates>> {
  return outcomeOfAsync(what, async () => {
    const { material, certificates } = await contentsOf(bytes, password);
    return { material, certificates: distinctCertificates(certificates, what).map(({ der }) => der) };
  });
}

/** @throws {Refused} @throws {Malformed} */
async function contentsOf(bytes: Uint8Array, password: string): Promise<Certificates> {
  if (bytes.length > mostBytes) throw new Refused({ kind: 'tooLarge', what, found: bytes.length, most: mostBytes });
  if (bytes[0] !== tags.sequence) throw new Malformed('it does not begin with 0x30, as a DER sequence does');
  const count = new ValueCount();
  const file = wholeSequence(berToDer(bytes, count), 'the file');
  if (file.count('the version') !== 3) throw new Malformed('its version is not 3');
  const contents = dataOf(file.sequence('the authenticated safe'));
  const macData = file.done ? undefined : file.sequence('the authentication data');
  file.end();
  const work = new Work(what);
  const passphrases = await passphrasesOf({ contents, macData, password, work });
  const opening: Opening = { passphrases, work, count, keys: [], certificates: [] };
  const safe = wholeSequence(berToDer(contents, count), 'the authenticated safe');
  while (!safe.done) await openContents(safe.sequence('a safe'), opening);
  return { material: opening.keys[0], certificates: opening.certificates };
}

interface Protection {
  readonly contents: Buffer;
  readonly macData: DerReader | undefined;
  readonly password: string;
  readonly work: Work;
}

/** The encoding that authenticates the file or, if the file is not authenticated, all possible ones. */
async function passphrasesOf({ contents, macData, password, work }: Protection): Promise<Passphrase[]> {
  // For no password, some programs use the empty string with its two zeros, and others no bytes.
  const candidates = password === '' ? [passphraseOf(''), nothingAtAll] : [passphraseOf(password)];
  if (macData === undefined) return candidates;
  const right = await authenticatedBy(readAuthentication(macData, work), contents, candidates);
  if (right === undefined) throw new Refused({ kind: 'wrongPassword' });
  return [right];
}

const nothingAtAll: Passphrase = { utf8: Buffer.alloc(0), bmp: Buffer.alloc(0) };

/** The octets of a ContentInfo of type data. */
function dataOf(contentInfo: DerReader): Buffer {
  supportedAlgorithm(
    { [identifiers.data]: true },
    contentInfo.objectIdentifier('the type of the contents'),
    'content type',
  );
  return contentInfo.inside(0xa0, 'the contents').octetString('the contents');
}

/** One ContentInfo of the authenticated safe, encrypted or not. */
async function openContents(contentInfo: DerReader, opening: Opening): Promise<void> {
  const type = contentInfo.objectIdentifier('the type of a safe');
  const inner = contentInfo.inside(0xa0, 'the contents of a safe');
  const open = supportedAlgorithm(contentTypes, type, 'content type');
  await openBags(await open(inner, opening), opening, 0);
}

type Open = (inner: DerReader, opening: Opening) => Promise<DerReader>;

const contentTypes: Readonly<Record<string, Open>> = {
  [identifiers.data]: (inner, { count }) =>
    Promise.resolve(wholeSequence(berToDer(inner.octetString('a safe'), count), 'a safe')),
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

/** [0] IMPLICIT OCTET STRING, which BER may split into pieces. */
function encryptedOctets(contentInfo: DerReader): Buffer {
  if (contentInfo.tag === 0x80) return contentInfo.any('an encrypted safe').content;
  const pieces = contentInfo.inside(0xa0, 'an encrypted safe').rest(tags.octetString, 'a piece of an encrypted safe');
  return Buffer.concat(Array.from(pieces, ({ content }) => content));
}

/** The encrypted sequence, as DER. Anything that does not decrypt to a sequence was decrypted with a wrong password. */
async function decrypted(reader: DerReader, ciphertextOf: () => Buffer, opening: Opening): Promise<Buffer> {
  const algorithm = reader.next(tags.sequence, 'the encryption algorithm').content;
  const ciphertext = ciphertextOf();
  for (const passphrase of opening.passphrases) {
    const parameters = new DerReader(algorithm, 'the encryption algorithm');
    const plaintext = await decryptWithPassword(parameters, ciphertext, { passphrase, work: opening.work });
    const found = plaintext && outcomeOf(what, () => berToDer(plaintext, opening.count));
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
    const take = supportedAlgorithm(bagTypes, type, 'PKCS #12 bag');
    await take(value, opening, depth);
  }
}

/** As in PEM, a second key is not read. */
function takeKey(keys: CertifiableKey[], pkcs8: Uint8Array): void {
  if (keys.length > 0) throw new Refused({ kind: 'severalPrivateKeys', what });
  keys.push(readPrivateKey(pkcs8));
}

type Take = (value: DerReader, opening: Opening, depth: number) => Promise<void> | void;

/** RFC 7292 section 4.2. Revocation lists and secrets are not parts of a certificate, and are refused. */
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
    supportedAlgorithm({ [identifiers.x509Certificate]: true }, type, 'certificate type');
    certificates.push(bag.inside(0xa0, 'a certificate').octetString('a certificate'));
  },
  [identifiers.safeContentsBag]: (value, opening, depth) =>
    openBags(value.sequence('a bag of bags'), opening, depth + 1),
};

/**
 * Writes a PKCS #12 file that OpenSSL, Java and Windows read: PBES2 with AES-256-CBC, and HMAC with SHA-256, the
 * defaults of OpenSSL 3 and Windows. Without a key it has only the certificates. Readers that only know 3DES are older
 * than Windows 10 1709.
 */
export async function writePkcs12({ material, certificates }: Certificates, password = ''): Promise<Uint8Array> {
  const passphrase = passphraseOf(password);
  const leaf = material && certificates.find((certificate) => matches(material, certificate));
  // The bags of the key and of its certificate have the same identifier, by which readers pair them.
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

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { DerReader } from './der-read.ts';
import { integer, derNull, objectIdentifier, octetString, sequence, tags } from './der-write.ts';
import { hashFunctions, pkcs12Key, purposes, Work } from './key-derivation.ts';
import type { HashFunction, Passphrase } from './key-derivation.ts';
import { deriveKey, hmacOf, supportedAlgorithm } from './password-encryption.ts';

const pbmac1 = '1.2.840.113549.1.5.14';
const sha256 = '2.16.840.1.101.3.4.2.1';

const digests: Readonly<Record<string, HashFunction>> = {
  '1.3.14.3.2.26': hashFunctions.sha1,
  '2.16.840.1.101.3.4.2.4': hashFunctions.sha224,
  [sha256]: hashFunctions.sha256,
  '2.16.840.1.101.3.4.2.2': hashFunctions.sha384,
  '2.16.840.1.101.3.4.2.3': hashFunctions.sha512,
};

/** As for the encryption (`ourIterations` there). */
const ourIterations = 2_048;

/** The authentication code of a file's contents, and how it is computed with a password. */
interface Authentication {
  readonly expected: Buffer;
  readonly make: (passphrase: Passphrase, contents: Buffer) => Promise<Buffer>;
}

/**
 * Reads the inside of MacData (RFC 7292 section 4). PBMAC1 has its own salt and rounds, and these are ignored (RFC 9579
 * section 4).
 */
export function readAuthentication(macData: DerReader, work: Work): Authentication {
  const digestInfo = macData.sequence('the authentication code');
  const algorithm = digestInfo.sequence('the algorithm of the authentication code');
  const expected = digestInfo.octetString('the authentication code');
  const salt = macData.octetString('the salt of the authentication code');
  const iterations = macData.tag === tags.integer ? macData.count('its number of rounds') : 1;
  macData.end();
  const identifier = algorithm.objectIdentifier('the algorithm of the authentication code');
  if (identifier === pbmac1) return readPbmac1(algorithm.sequence('the parameters of PBMAC1'), expected, work);
  const hash = supportedAlgorithm(digests, identifier, 'authentication code');
  return {
    expected,
    make: async (passphrase, contents) => {
      const derivation = { hash, salt, iterations, length: hash.length, purpose: purposes.mac, work };
      return hmac(hash, await pkcs12Key(passphrase, derivation), contents);
    },
  };
}

/** The file states the length of the key (RFC 9579 section 5). */
function readPbmac1(parameters: DerReader, expected: Buffer, work: Work): Authentication {
  const derivation = parameters.next(tags.sequence, 'the key derivation of PBMAC1').content;
  const hash = hmacOf(parameters.sequence('the HMAC of PBMAC1'));
  parameters.end();
  return {
    expected,
    make: async (passphrase, contents) => {
      const key = await deriveKey(new DerReader(derivation, 'the key derivation of PBMAC1'), { passphrase, work });
      return hmac(hash, key, contents);
    },
  };
}

/** The first of these passwords whose code over `contents` matches. */
export async function authenticatedBy(
  { expected, make }: Authentication,
  contents: Buffer,
  passphrases: readonly Passphrase[],
): Promise<Passphrase | undefined> {
  for (const passphrase of passphrases) {
    const found = await make(passphrase, contents);
    if (found.length === expected.length && timingSafeEqual(found, expected)) return passphrase;
  }
  return undefined;
}

/** MacData with HMAC-SHA-256, which every reader of PKCS #12 knows; PBMAC1 is newer than most of them. */
export async function authenticate(passphrase: Passphrase, contents: Buffer): Promise<Buffer> {
  const hash = hashFunctions.sha256;
  const salt = randomBytes(16);
  const derivation = { hash, salt, iterations: ourIterations, length: hash.length, purpose: purposes.mac };
  const code = hmac(hash, await pkcs12Key(passphrase, { ...derivation, work: new Work('PKCS #12 file') }), contents);
  const digestInfo = sequence(sequence(objectIdentifier(sha256), derNull), octetString(code));
  return sequence(digestInfo, octetString(salt), integer(ourIterations));
}

function hmac({ name }: HashFunction, key: Buffer, contents: Buffer): Buffer {
  return createHmac(name, key).update(contents).digest();
}

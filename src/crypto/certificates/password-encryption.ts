import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { DerReader } from './der-read.ts';
import { integer, derNull, objectIdentifier, octetString, sequence, tags } from './der-write.ts';
import { hashFunctions, pbkdf2Key, pkcs12Key, purposes, Work } from './key-derivation.ts';
import type { HashFunction, Passphrase } from './key-derivation.ts';
import { decryptRc2 } from './rc2.ts';
import { Malformed, Refused } from './refusal.ts';
import type { AlgorithmUse } from './refusal.ts';

interface Cipher {
  readonly keyLength: number;
  readonly ivLength: number;
  /** `undefined` if the padding is wrong, mostly because the key is. */
  readonly decrypt: (key: Buffer, iv: Buffer, ciphertext: Buffer) => Buffer | undefined;
}

const tripleDes = native('des-ede3-cbc', 24, 8);

/**
 * PBES1 with the derivation of PKCS #12 and SHA-1 (RFC 7292 appendix C). Without the two RC4 ciphers: no known program
 * wrote them.
 */
const pkcs12Ciphers: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.1.12.1.3': tripleDes,
  '1.2.840.113549.1.12.1.4': native('des-ede-cbc', 16, 8),
  '1.2.840.113549.1.12.1.5': { keyLength: 16, ivLength: 8, decrypt: decryptRc2 },
  '1.2.840.113549.1.12.1.6': { keyLength: 5, ivLength: 8, decrypt: decryptRc2 },
};

const aes256 = '2.16.840.1.101.3.4.1.42';

/** The encryption schemes of PBES2 (RFC 8018 appendix B.2), whose parameter is an IV. */
const pbes2Ciphers: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.3.7': tripleDes,
  '2.16.840.1.101.3.4.1.2': native('aes-128-cbc', 16, 16),
  '2.16.840.1.101.3.4.1.22': native('aes-192-cbc', 24, 16),
  [aes256]: native('aes-256-cbc', 32, 16),
};

const pbes2 = '1.2.840.113549.1.5.13';
const pbkdf2 = '1.2.840.113549.1.5.12';
const hmacWithSha256 = '1.2.840.113549.2.9';

/** RFC 8018 appendix B.1.2. */
const hmacs: Readonly<Record<string, HashFunction>> = {
  '1.2.840.113549.2.7': hashFunctions.sha1,
  '1.2.840.113549.2.8': hashFunctions.sha224,
  [hmacWithSha256]: hashFunctions.sha256,
  '1.2.840.113549.2.10': hashFunctions.sha384,
  '1.2.840.113549.2.11': hashFunctions.sha512,
};

/** The default of OpenSSL 3. Our files have empty passwords, as Azure's have, so more rounds would protect nothing. */
const ourIterations = 2_048;

/**
 * Decrypts with a password; `undefined` if the padding is wrong. One wrong password in 256 gives right padding.
 * `algorithm` reads the inside of the AlgorithmIdentifier.
 */
export async function decryptWithPassword(
  algorithm: DerReader,
  ciphertext: Buffer,
  { passphrase, work }: { readonly passphrase: Passphrase; readonly work: Work },
): Promise<Buffer | undefined> {
  const identifier = algorithm.objectIdentifier('the encryption algorithm');
  const parameters = algorithm.sequence('the parameters of the encryption');
  const found =
    identifier === pbes2
      ? await pbes2Key(parameters, passphrase, work)
      : await pbes1Key(identifier, parameters, { passphrase, work });
  return found.cipher.decrypt(found.key, found.iv, ciphertext);
}

/** In bytes: the block of the widest hash; an HMAC hashes longer keys anyway. */
const longestKey = 128;

interface Keyed {
  readonly cipher: Cipher;
  readonly key: Buffer;
  readonly iv: Buffer;
}

async function pbes1Key(
  identifier: string,
  parameters: DerReader,
  { passphrase, work }: { readonly passphrase: Passphrase; readonly work: Work },
): Promise<Keyed> {
  const cipher = supportedAlgorithm(pkcs12Ciphers, identifier, 'encryption');
  const salt = parameters.octetString('the salt');
  const iterations = parameters.count('the number of rounds');
  parameters.end();
  const derivation = { hash: hashFunctions.sha1, salt, iterations, work };
  const { keyLength, ivLength } = cipher;
  const key = await pkcs12Key(passphrase, { ...derivation, purpose: purposes.encryption, length: keyLength });
  const iv = await pkcs12Key(passphrase, { ...derivation, purpose: purposes.iv, length: ivLength });
  return { cipher, key, iv };
}

async function pbes2Key(parameters: DerReader, passphrase: Passphrase, work: Work): Promise<Keyed> {
  const derivation = parameters.sequence('the key derivation');
  const scheme = parameters.sequence('the encryption scheme');
  parameters.end();
  const cipher = supportedAlgorithm(pbes2Ciphers, scheme.objectIdentifier('the encryption scheme'), 'encryption');
  const iv = scheme.octetString('the initialization vector');
  if (iv.length !== cipher.ivLength) throw new Malformed('an initialization vector has a wrong length');
  const key = await deriveKey(derivation, { passphrase, work, length: cipher.keyLength });
  return { cipher, key, iv };
}

/** Derives a key with PBKDF2 by its parameters (RFC 8018 appendix A.2), of `length` bytes if the use requires it. */
export function deriveKey(
  derivation: DerReader,
  { passphrase, work, length }: { readonly passphrase: Passphrase; readonly work: Work; readonly length?: number },
): Promise<Buffer> {
  const identifier = derivation.objectIdentifier('the key derivation');
  supportedAlgorithm({ [pbkdf2]: true }, identifier, 'key derivation');
  const parameters = derivation.sequence('the parameters of the key derivation');
  const salt = parameters.octetString('the salt');
  const iterations = parameters.count('the number of rounds');
  const stated = parameters.tag === tags.integer ? parameters.count('the length of the key') : length;
  if (stated === undefined || stated > longestKey || (length !== undefined && stated !== length)) {
    throw new Malformed('the length of a key is missing, or not one that its use allows');
  }
  const hash = parameters.done ? hashFunctions.sha1 : hmacOf(parameters.sequence('the pseudorandom function'));
  parameters.end();
  return pbkdf2Key(passphrase, { hash, salt, iterations, length: stated }, work);
}

/** The hash function in an HMAC's AlgorithmIdentifier. */
export function hmacOf(algorithm: DerReader): HashFunction {
  return supportedAlgorithm(hmacs, algorithm.objectIdentifier('the pseudorandom function'), 'HMAC');
}

/** Encrypts with PBES2: AES-256-CBC, PBKDF2 and HMAC-SHA-256. Returns the AlgorithmIdentifier and the ciphertext. */
export async function encryptWithPassword(
  passphrase: Passphrase,
  plaintext: Uint8Array,
): Promise<{ readonly algorithm: Buffer; readonly ciphertext: Buffer }> {
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const derivation = { hash: hashFunctions.sha256, salt, iterations: ourIterations, length: 32 };
  const cipher = createCipheriv('aes-256-cbc', await pbkdf2Key(passphrase, derivation, new Work('PKCS #12 file')), iv);
  const pseudorandom = sequence(objectIdentifier(hmacWithSha256), derNull);
  const parameters = sequence(octetString(salt), integer(ourIterations), pseudorandom);
  const algorithm = sequence(
    objectIdentifier(pbes2),
    sequence(sequence(objectIdentifier(pbkdf2), parameters), sequence(objectIdentifier(aes256), octetString(iv))),
  );
  return { algorithm, ciphertext: Buffer.concat([cipher.update(plaintext), cipher.final()]) };
}

/** The table's entry for an algorithm, or a refusal that names the algorithm. */
export function supportedAlgorithm<T>(table: Readonly<Record<string, T>>, identifier: string, use: AlgorithmUse): T {
  const found = Object.hasOwn(table, identifier) ? table[identifier] : undefined;
  if (found === undefined) throw new Refused({ kind: 'algorithmNotSupported', use, algorithm: identifier });
  return found;
}

/** A block cipher of Node. */
function native(name: string, keyLength: number, ivLength: number): Cipher {
  const decrypt = (key: Buffer, iv: Buffer, ciphertext: Buffer): Buffer | undefined => {
    const decipher = createDecipheriv(name, key, iv);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    } catch {
      return undefined;
    }
  };
  return { keyLength, ivLength, decrypt };
}

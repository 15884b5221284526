import { constants, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { RsaKeyMaterial } from '../../types/key.ts';
import type { Operations, Perform } from './algorithm.ts';
import { digestLengths } from './hashes.ts';
import type { HashName } from './hashes.ts';
import { notDecrypted, result, wrongLength } from './refused.ts';
import { unpadPkcs1 } from './unpad-pkcs1.ts';

interface Padding {
  /** The least number of octets by which a message is shorter than the modulus. */
  readonly overhead: number;
  readonly encrypt: (key: KeyObject, message: Uint8Array) => Uint8Array;
  /** Returns `undefined` or throws when the padding is wrong. */
  readonly decrypt: (key: KeyObject, ciphertext: Uint8Array) => Uint8Array | undefined;
}

/** RFC 8017 section 7.1; OpenSSL's decoding is constant-time. The mask uses the same hash (RFC 7518 section 4.3). */
export function oaep(hash: HashName): Padding {
  const parameters = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
  return {
    overhead: 2 * digestLengths[hash] + 2,
    encrypt: (key, message) => publicEncrypt({ key, ...parameters }, message),
    decrypt: (key, ciphertext) => privateDecrypt({ key, ...parameters }, ciphertext),
  };
}

/**
 * RFC 8017 section 7.2. Some builds of Node refuse this decryption (CVE-2023-46809), and others return random bytes for
 * wrong padding, which a client would take for its key. So OpenSSL does only RSADP.
 */
export const pkcs1Encryption: Padding = {
  overhead: 11,
  encrypt: (key, message) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message),
  decrypt: (key, ciphertext) => unpadPkcs1(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext)),
};

/** RSAES. Wrapping a key is encrypting it. */
export function rsaes({ overhead, encrypt, decrypt }: Padding): Operations<RsaKeyMaterial> {
  const encrypts: Perform<RsaKeyMaterial> = (key, { algorithm, value }) => {
    const most = modulusLength(key.material) - overhead;
    if (value.length > most)
      return wrongLength('value', value, `${algorithm} requires at most ${most} bytes with this key`);
    return result(encrypt(key.publicKey(), value));
  };
  const decrypts: Perform<RsaKeyMaterial> = (key, request) => {
    // RFC 8017 sections 7.1.2 and 7.2.2, step 1: OpenSSL accepts shorter ones.
    if (request.value.length !== modulusLength(key.material)) return notDecrypted;
    // Outside the try: a key that cannot be imported is not the client's fault.
    const privateKey = key.privateKey();
    try {
      const message = decrypt(privateKey, request.value);
      return message === undefined ? notDecrypted : result(message);
    } catch {
      return notDecrypted;
    }
  };
  return { encrypt: encrypts, wrapKey: encrypts, decrypt: decrypts, unwrapKey: decrypts };
}

function modulusLength({ n }: RsaKeyMaterial): number {
  return Buffer.from(n, 'base64url').length;
}

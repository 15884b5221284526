import { constants, privateDecrypt, publicEncrypt } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { RsaKeyMaterial } from '../../types/key.ts';
import type { Operations, Perform } from './algorithm.ts';
import { digestLengths } from './hashes.ts';
import type { HashName } from './hashes.ts';
import { notDecrypted, result, wrongLength } from './refused.ts';
import { unpadPkcs1 } from './unpad-pkcs1.ts';

interface Padding {
  /** Octets that a text is shorter than the modulus, at least. */
  readonly overhead: number;
  readonly encrypt: (key: KeyObject, text: Uint8Array) => Uint8Array;
  /** `undefined`, or an exception, when the padding is not right. */
  readonly decrypt: (key: KeyObject, text: Uint8Array) => Uint8Array | undefined;
}

/** RFC 8017 section 7.1; OpenSSL's decoding is constant-time. The mask is made with the same hash (RFC 7518 section 4.3). */
export function oaep(hash: HashName): Padding {
  const parameters = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
  return {
    overhead: 2 * digestLengths[hash] + 2,
    encrypt: (key, text) => publicEncrypt({ key, ...parameters }, text),
    decrypt: (key, text) => privateDecrypt({ key, ...parameters }, text),
  };
}

/**
 * RFC 8017 section 7.2. Some builds of Node refuse this decryption (CVE-2023-46809), and the others answer a wrong
 * padding with a random text, which a client would take for its key: so OpenSSL does RSADP alone.
 */
export const pkcs1Encryption: Padding = {
  overhead: 11,
  encrypt: (key, text) => publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, text),
  decrypt: (key, text) => unpadPkcs1(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, text)),
};

/** RSAES: encrypting a key is called wrapping it. */
export function rsaes({ overhead, encrypt, decrypt }: Padding): Operations<RsaKeyMaterial> {
  const close: Perform<RsaKeyMaterial> = (key, { algorithm, value }) => {
    const most = modulusLength(key.material) - overhead;
    if (value.length > most)
      return wrongLength('value', value, `${algorithm} requires at most ${most} bytes with this key`);
    return result(encrypt(key.publicKey(), value));
  };
  const open: Perform<RsaKeyMaterial> = (key, request) => {
    // RFC 8017 sections 7.1.2 and 7.2.2, step 1: OpenSSL takes shorter ones.
    if (request.value.length !== modulusLength(key.material)) return notDecrypted;
    // Outside of the try: a key that cannot be imported is no failure of the client's.
    const privateKey = key.privateKey();
    try {
      const text = decrypt(privateKey, request.value);
      return text === undefined ? notDecrypted : result(text);
    } catch {
      return notDecrypted;
    }
  };
  return { encrypt: close, wrapKey: close, decrypt: open, unwrapKey: open };
}

function modulusLength({ n }: RsaKeyMaterial): number {
  return Buffer.from(n, 'base64url').length;
}

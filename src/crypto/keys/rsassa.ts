import { constants, privateEncrypt, publicDecrypt, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CryptoRequest, RsaKeyMaterial } from '../../types/key.ts';
import type { Operations } from './algorithm.ts';
import { encodePkcs1, encodePss, isPss, padPkcs1, pkcs1Overhead } from './emsa.ts';
import type { Digest } from './emsa.ts';
import { digestLengths } from './hashes.ts';
import type { KeyInUse } from './key-in-use.ts';
import { missing, result, wrongLength } from './refused.ts';

/** An encoding of a value for a modulus of `length` octets. */
interface Encoding {
  /** The requirement that the value or the key does not meet, in Azure's words; `undefined` if all is well. */
  readonly requires: (value: Uint8Array, length: number) => string | undefined;
  readonly encode: (value: Uint8Array, length: number) => Uint8Array;
  readonly verifies: (value: Uint8Array, encoded: Uint8Array) => boolean;
}

export function pkcs1(hash: Digest['hash']): Encoding {
  const encode = (octets: Uint8Array, length: number) => encodePkcs1({ hash, octets }, length);
  return { requires: exactly(hash), encode, verifies: isEncodedBy(encode) };
}

export function pss(hash: Digest['hash']): Encoding {
  const needed = 2 * digestLengths[hash] + 2;
  return {
    // RFC 8017 section 9.1.1, step 3: an imported key of 1,024 bits is too short for SHA-512.
    requires: (value, length) =>
      length < needed ? `a key of at least ${8 * needed} bits` : exactly(hash)(value, length),
    encode: (octets, length) => encodePss({ hash, octets }, randomBytes(digestLengths[hash]), length),
    verifies: (octets, encoded) => isPss({ hash, octets }, encoded),
  };
}

/** PKCS #1 v1.5 around a DigestInfo that the client made, for a hash without an algorithm here. */
export const pkcs1OfDigestInfo: Encoding = {
  requires({ length: found }, length) {
    const most = length - pkcs1Overhead;
    return found > most ? `at most ${most} bytes with this key` : undefined;
  },
  encode: padPkcs1,
  verifies: isEncodedBy(padPkcs1),
};

function exactly(hash: Digest['hash']): Encoding['requires'] {
  const length = digestLengths[hash];
  return (value) => (value.length === length ? undefined : `${length} bytes, encoded with base64url`);
}

function isEncodedBy(encode: Encoding['encode']): Encoding['verifies'] {
  return (value, encoded) => timingSafeEqual(encode(value, encoded.length), encoded);
}

/**
 * RSASSA (RFC 8017 section 8) of a digest that the client made. Node signs only what it hashed itself, so the encoding
 * is done here, and OpenSSL does the secret part: RSASP1, with blinding and a check of the result.
 */
export function rsassa({ requires, encode, verifies }: Encoding): Operations<RsaKeyMaterial> {
  const refusal = (what: string, key: KeyInUse<RsaKeyMaterial>, { algorithm, value }: CryptoRequest) => {
    const required = requires(value, modulusLength(key));
    return required === undefined ? undefined : wrongLength(what, value, `${algorithm} requires ${required}`);
  };
  return {
    sign(key, request) {
      const refused = refusal('value', key, request);
      if (refused !== undefined) return refused;
      const encoded = encode(request.value, modulusLength(key));
      return result(privateEncrypt({ key: key.privateKey(), padding: constants.RSA_NO_PADDING }, encoded));
    },
    verify(key, request) {
      const refused = refusal('digest', key, request);
      if (refused !== undefined) return refused;
      if (request.signature === undefined) return missing('value');
      const encoded = recover(key, request.signature);
      return { ok: true, verified: encoded !== undefined && verifies(request.value, encoded) };
    },
  };
}

/** RSAVP1; `undefined` when the signature does not fit the modulus. */
function recover(key: KeyInUse<RsaKeyMaterial>, signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== modulusLength(key)) return undefined;
  const publicKey = key.publicKey();
  try {
    return publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return undefined;
  }
}

function modulusLength({ material }: KeyInUse<RsaKeyMaterial>): number {
  return Buffer.from(material.n, 'base64url').length;
}

import { constants, privateEncrypt, publicDecrypt, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CryptoRequest, RsaKeyMaterial } from '../../types/key.ts';
import type { Operations } from './algorithm.ts';
import { encodePkcs1, encodePss, isPss } from './emsa.ts';
import type { Digest } from './emsa.ts';
import { digestLengths } from './hashes.ts';
import type { KeyInUse } from './key-in-use.ts';
import { missing, result, wrongLength } from './refused.ts';

interface Encoding {
  readonly encode: (digest: Digest, length: number) => Uint8Array;
  readonly verifies: (digest: Digest, encoded: Uint8Array) => boolean;
}

export const pkcs1: Encoding = {
  encode: encodePkcs1,
  verifies: (digest, encoded) => timingSafeEqual(encodePkcs1(digest, encoded.length), encoded),
};

export const pss: Encoding = {
  encode: (digest, length) => encodePss(digest, randomBytes(digestLengths[digest.hash]), length),
  verifies: isPss,
};

/**
 * RSASSA (RFC 8017 section 8) of a digest that the client made. Node signs nothing but what it hashed itself, so the
 * encoding is made here, and OpenSSL does what is secret: RSASP1, with blinding and a check of the result.
 */
export function rsassa({ encode, verifies }: Encoding, hash: Digest['hash']): Operations<RsaKeyMaterial> {
  const expected = ({ algorithm }: CryptoRequest) =>
    `${algorithm} requires ${digestLengths[hash]} bytes, encoded with base64url`;
  return {
    sign(key, request) {
      const { value: octets } = request;
      if (octets.length !== digestLengths[hash]) return wrongLength('value', octets, expected(request));
      const encoded = encode({ hash, octets }, modulusLength(key));
      return result(privateEncrypt({ key: key.privateKey(), padding: constants.RSA_NO_PADDING }, encoded));
    },
    verify(key, request) {
      const { value: octets, signature } = request;
      if (octets.length !== digestLengths[hash]) return wrongLength('digest', octets, expected(request));
      if (signature === undefined) return missing('value');
      const encoded = recover(key, signature);
      return { ok: true, verified: encoded !== undefined && verifies({ hash, octets }, encoded) };
    },
  };
}

/** RSAVP1; `undefined` when the signature is none of this modulus. */
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

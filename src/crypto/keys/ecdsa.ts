import { createECDH, createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { CryptoRequest, EcKeyMaterial } from '../../types/key.ts';
import type { Operations } from './algorithm.ts';
import { curves } from './curves.ts';
import type { Curve } from './curves.ts';
import { digestLengths } from './hashes.ts';
import { integerOf, inverse, modulo, octetsOf } from './integer.ts';
import { missing, result, wrongLength } from './refused.ts';

/**
 * ECDSA (FIPS 186-5 section 6.4) of a digest that the client made; the signature is r and s side by side (RFC 7518
 * section 3.4). Node signs and verifies only what it hashed itself, so OpenSSL does the work on the curve, and the
 * equation is here.
 */
export const ecdsa: Operations<EcKeyMaterial> = {
  sign(key, request) {
    const curve = curves[key.material.crv];
    if (request.value.length !== digestLengths[curve.hash]) {
      return wrongLength('value', request.value, expectedDigest(request, curve));
    }
    return result(signDigest(curve, key.material, request.value));
  },
  verify({ material }, request) {
    const curve = curves[material.crv];
    if (request.value.length !== digestLengths[curve.hash]) {
      return wrongLength('digest', request.value, expectedDigest(request, curve));
    }
    if (request.signature === undefined) return missing('value');
    return { ok: true, verified: verifyDigest(material, request.value, request.signature) };
  },
};

function expectedDigest({ algorithm }: CryptoRequest, { hash }: Curve): string {
  return `${algorithm} requires ${digestLengths[hash]} bytes, encoded with base64url`;
}

/**
 * OpenSSL makes the nonce k and multiplies the base point with it, in constant time. What is left is s = (z + rd) / k
 * modulo the order, where the time of `bigint` would depend on k and d: both are multiplied by a random factor first.
 */
function signDigest(curve: Curve, { d }: EcKeyMaterial, digest: Uint8Array): Uint8Array {
  const { group, octets: length, order } = curve;
  // No curve here has an order shorter than its digest.
  const z = integerOf(digest);
  const secret = integerOf(Buffer.from(d, 'base64url'));
  const nonce = createECDH(group);
  for (;;) {
    const point = nonce.generateKeys();
    const r = integerOf(point.subarray(1, 1 + length)) % order;
    const blinding = randomScalar(curve);
    const blindedNonce = (integerOf(nonce.getPrivateKey()) * blinding) % order;
    const blindedSecret = (secret * blinding) % order;
    const s = (inverse(blindedNonce, order) * ((z * blinding + r * blindedSecret) % order)) % order;
    if (r !== 0n && s !== 0n) return Buffer.concat([octetsOf(r, length), octetsOf(s, length)]);
  }
}

/**
 * OpenSSL checks, for a message with the hash h and the public key P, that R = (h/s)G + (r/s)P. With P = Q + ((z -
 * h)/r)G this is R = (z/s)G + (r/s)Q, the equation of the digest z and the key Q. The message is random, so that no one
 * can choose values for which the sum above is not a point of the curve.
 */
function verifyDigest(material: EcKeyMaterial, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = curves[material.crv];
  const { group, crv, hash, octets: length, order } = curve;
  if (signature.length !== 2 * length) return false;
  const r = integerOf(signature.subarray(0, length));
  const s = integerOf(signature.subarray(length));
  if (r === 0n || r >= order || s === 0n || s >= order) return false;
  const message = randomBytes(32);
  const hashed = integerOf(createHash(hash).update(message).digest());
  const difference = modulo((integerOf(digest) - hashed) * inverse(r, order), order);
  const multiple = createECDH(group);
  multiple.setPrivateKey(octetsOf(difference, length));
  const offset = multiple.getPublicKey();
  const { x, y } = add(curve, pointOf(curve, material), {
    x: integerOf(offset.subarray(1, 1 + length)),
    y: integerOf(offset.subarray(1 + length)),
  });
  const jwk = { kty: 'EC', crv, x: base64url(octetsOf(x, length)), y: base64url(octetsOf(y, length)) };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify(hash, message, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

function pointOf({ octets }: Curve, { x, y }: EcKeyMaterial): Point {
  const [first, second] = [Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')];
  if (first.length !== octets || second.length !== octets)
    throw new RangeError('the coordinates have the wrong length');
  return { x: integerOf(first), y: integerOf(second) };
}

/** The sum of two points with different x (SEC 1 section 2.2.1, rule 4). Both are public. */
function add({ prime }: Curve, a: Point, b: Point): Point {
  const slope = ((b.y - a.y) * inverse(b.x - a.x, prime)) % prime;
  const x = modulo(slope * slope - a.x - b.x, prime);
  return { x, y: modulo(slope * (a.x - x) - a.y, prime) };
}

/** Eight octets more than the order make the remainder uniform (FIPS 186-5 appendix A.3.1). */
function randomScalar({ octets, order }: Curve): bigint {
  return (integerOf(randomBytes(octets + 8)) % (order - 1n)) + 1n;
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}

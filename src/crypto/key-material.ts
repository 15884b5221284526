import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import type { EcKeyMaterial, KeyMaterial, KeySpec, PublicKey, RsaKeyMaterial } from '../types/key.ts';
import { curves } from './keys/curves.ts';

/** A key pair: what can sign a certificate. */
export type KeyPairMaterial = RsaKeyMaterial | EcKeyMaterial;

/** The key without what only its holder may know. */
export function publicKeyOf(material: KeyMaterial | PublicKey): PublicKey {
  if (material.kty === 'RSA') return { kty: 'RSA', n: material.n, e: material.e };
  if (material.kty === 'EC') return { kty: 'EC', crv: material.crv, x: material.x, y: material.y };
  return { kty: 'oct' };
}

/** What another key of the same kind would be made by. An RSA key of 1,024 bits is imported only: the next one has more. */
export function keySpecOf(material: KeyMaterial): KeySpec {
  if (material.kty === 'EC') return { family: 'EC', curve: material.crv };
  if (material.kty === 'RSA') return { family: 'RSA', size: Math.max(keySizeOf(material), 2048) };
  return { family: material.kty, size: keySizeOf(material) };
}

/** In bits: of the modulus, of the curve's field, of the symmetric key. */
export function keySizeOf(material: KeyMaterial): number {
  if (material.kty === 'EC') return curves[material.crv].bits;
  return Buffer.from(material.kty === 'RSA' ? material.n : material.k, 'base64url').length * 8;
}

/** From the members of a JWK: measured against PKCS #8, it is a little faster, and against PKCS #1 several times. */
export function privateKeyObject(material: KeyPairMaterial): KeyObject {
  return createPrivateKey({ key: jsonWebKey(material), format: 'jwk' });
}

/** That its point lies on the curve is checked, for an EC key. */
export function publicKeyObject(key: Exclude<PublicKey, { readonly kty: 'oct' }>): KeyObject {
  return createPublicKey({ key: jsonWebKey(key), format: 'jwk' });
}

/** PrivateKeyInfo (RFC 5208 section 5), DER. */
export function toPkcs8Der(material: KeyPairMaterial): Uint8Array {
  return privateKeyObject(material).export({ format: 'der', type: 'pkcs8' });
}

function jsonWebKey(key: Exclude<PublicKey | KeyMaterial, { readonly kty: 'oct' }>): webcrypto.JsonWebKey {
  return key.kty === 'RSA' ? { ...key } : { ...key, crv: curves[key.crv].crv };
}

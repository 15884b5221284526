import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { EcKeyMaterial, KeyCurve, KeyMaterial, KeySpec, OctKeyMaterial, RsaKeyMaterial } from '../../types/key.ts';
import { fromPkcs8Der } from '../read-key-material.ts';
import { curves } from './curves.ts';
import { octetsOf, integerOf } from './integer.ts';

/** Makes a key on the calling thread. RSA keys have the exponent 65537, and take from 50 ms to several seconds. */
export function generateSync(spec: KeySpec): KeyMaterial {
  if (spec.family === 'RSA') return generateRsa(spec.size);
  if (spec.family === 'EC') return generateEc(spec.curve);
  return generateOct(spec.size);
}

/** `size` is in bits, a multiple of 8. */
export function generateOct(size: number): OctKeyMaterial {
  return { kty: 'oct', k: base64url(randomBytes(size / 8)) };
}

function generateRsa(size: number): RsaKeyMaterial {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: size,
    publicExponent: 65537,
    privateKeyEncoding: { format: 'der', type: 'pkcs8' },
    publicKeyEncoding: { format: 'der', type: 'spki' },
  });
  const read = fromPkcs8Der(privateKey);
  if (!read.ok || read.material.kty !== 'RSA') throw new Error(`OpenSSL made an invalid RSA key of ${size} bits`);
  return read.material;
}

/** Takes microseconds, at most a millisecond. */
export function generateEc(curve: KeyCurve): EcKeyMaterial {
  const { group, octets: length } = curves[curve];
  const pair = createECDH(group);
  const point = pair.generateKeys();
  return {
    kty: 'EC',
    crv: curve,
    x: base64url(point.subarray(1, 1 + length)),
    y: base64url(point.subarray(1 + length)),
    // Node leaves out leading zeros; they are added here.
    d: base64url(octetsOf(integerOf(pair.getPrivateKey()), length)),
  };
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}

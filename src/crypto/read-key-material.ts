import { createECDH, createPrivateKey } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import type { EcKeyMaterial, KeyMaterial, KeyNotValid, OctKeyMaterial, RsaKeyMaterial } from '../types/key.ts';
import { curveNames, curves } from './keys/curves.ts';
import { integerOf, octetsOf } from './keys/integer.ts';
import { primesMessage } from './keys/primes.ts';

export type ReadKeyMaterial =
  { readonly ok: true; readonly material: KeyMaterial } | { readonly ok: false; readonly refusal: KeyNotValid };

type Members = Readonly<Record<string, unknown>>;

/** Thrown and caught in this file only. Its message names members without their values. */
class NotValid extends Error {}

/** Azure accepts imported keys of 1,024 bits, but does not make them. */
const rsaSizes: readonly number[] = [1024, 2048, 3072, 4096];
const octSizes: readonly number[] = [128, 192, 256];
/** `OPENSSL_RSA_MAX_PUBEXP_BITS`: with a long modulus OpenSSL accepts no longer exponent. */
const exponentBitsMax = 64;

const families: ReadonlyMap<unknown, (jwk: Members) => KeyMaterial> = new Map<unknown, (jwk: Members) => KeyMaterial>([
  ['RSA', readRsa],
  ['EC', readEc],
  ['oct', readOct],
]);

/**
 * Reads the private or symmetric key in a JSON Web Key that a client imports. `kty` may have Key Vault's suffix `-HSM`;
 * other members (`kid`, `key_ops`) are ignored. The members must belong to one key and are returned in canonical form:
 * RSA without leading zeros, EC in the full length of the curve. Whether p and q are prime takes long to check; the key
 * engine does it.
 */
export function readKeyMaterial(jwk: unknown): ReadKeyMaterial {
  return read(() => {
    if (!isMembers(jwk)) throw new NotValid('The key must be a JSON Web Key, an object.');
    const kty = jwk['kty'];
    const family = families.get(typeof kty === 'string' ? kty.replace(/-HSM$/, '') : kty);
    if (family === undefined) throw new NotValid("The key's kty must be RSA, EC or oct, or one of them with -HSM.");
    return family(jwk);
  });
}

/** Reads the key in a PrivateKeyInfo (RFC 5208 section 5) in DER, by the same rules. */
export function fromPkcs8Der(der: Uint8Array): ReadKeyMaterial {
  return read(() => {
    const jwk = exported(der);
    if (jwk.kty === 'RSA') return readRsa({ ...jwk });
    return readEc({ ...jwk });
  });
}

function exported(der: Uint8Array): webcrypto.JsonWebKey {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  } catch {
    throw new NotValid('The key is not an unencrypted private key in PKCS #8 (DER).');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== 'rsa' && type !== 'ec') throw new NotValid(`The key is of type ${type ?? 'unknown'}; use RSA or EC.`);
  if (type === 'ec' && !Object.values(curves).some(({ group }) => group === details?.namedCurve)) {
    throw new NotValid(`The key is on the curve ${details?.namedCurve ?? '(without a name)'}; ${curvesAllowed}`);
  }
  try {
    return key.export({ format: 'jwk' });
  } catch {
    throw new NotValid('The key has a form that no JSON Web Key can have, such as more than two primes.');
  }
}

function read(decide: () => KeyMaterial): ReadKeyMaterial {
  try {
    return { ok: true, material: decide() };
  } catch (error) {
    if (!(error instanceof NotValid)) throw error;
    return { ok: false, refusal: { kind: 'keyNotValid', message: error.message } };
  }
}

function readRsa(jwk: Members): RsaKeyMaterial {
  const number = (name: RsaMember) =>
    integerOf(octetsOfMember(jwk, name, 'an RSA key needs n, e, d, p, q, dp, dq and qi'));
  const numbers: RsaNumbers = {
    n: number('n'),
    e: number('e'),
    d: number('d'),
    p: number('p'),
    q: number('q'),
    dp: number('dp'),
    dq: number('dq'),
    qi: number('qi'),
  };
  checkRsa(numbers);
  const text = (name: RsaMember) => {
    const length = Math.ceil(bitsOf(numbers[name]) / 8);
    return base64url(octetsOf(numbers[name], length));
  };
  return {
    kty: 'RSA',
    n: text('n'),
    e: text('e'),
    d: text('d'),
    p: text('p'),
    q: text('q'),
    dp: text('dp'),
    dq: text('dq'),
    qi: text('qi'),
  };
}

type RsaMember = Exclude<keyof RsaKeyMaterial, 'kty'>;
type RsaNumbers = Readonly<Record<RsaMember, bigint>>;

/**
 * RFC 8017 section 3.2: n is p times q, and d, dP, dQ and qInv are inverses; FIPS 186-5 section A.1.1 for the sizes.
 */
function checkRsa({ n, e, d, p, q, dp, dq, qi }: RsaNumbers): void {
  const size = bitsOf(n);
  if (!rsaSizes.includes(size)) throw new NotValid(`The RSA key has ${size} bits; use ${rsaSizes.join(', ')}.`);
  if (e < 3n || e % 2n === 0n || bitsOf(e) > exponentBitsMax) {
    throw new NotValid(
      `The RSA key's e must be odd, at least 3 and at most ${exponentBitsMax} bits long; 65537 is usual.`,
    );
  }
  if (bitsOf(p) !== size / 2 || bitsOf(q) !== size / 2 || p === q || p % 2n === 0n || q % 2n === 0n) {
    throw new NotValid(primesMessage(size));
  }
  const broken = [
    { rule: 'n is not p times q', holds: p * q === n },
    { rule: 'd is not smaller than n', holds: d < n },
    { rule: 'd is not the inverse of e', holds: (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n },
    { rule: 'dp is not d modulo p - 1', holds: dp === d % (p - 1n) },
    { rule: 'dq is not d modulo q - 1', holds: dq === d % (q - 1n) },
    { rule: 'qi is not the inverse of q modulo p', holds: qi < p && (q * qi) % p === 1n },
  ].find(({ holds }) => !holds);
  if (broken !== undefined) throw new NotValid(`The RSA key's members do not belong together: ${broken.rule}.`);
}

const curvesAllowed = 'use P-256, P-384, P-521 or P-256K.';

/** A point that is d times the base point is also on the curve (NIST SP 800-56A section 5.6.2.1.4). */
function readEc(jwk: Members): EcKeyMaterial {
  const { crv: spelt } = jwk;
  const crv = typeof spelt === 'string' ? curveNames.get(spelt) : undefined;
  if (crv === undefined) throw new NotValid(`The EC key's crv must be a curve that is supported: ${curvesAllowed}`);
  const { group, octets: length } = curves[crv];
  const coordinate = (name: string) => {
    const integer = integerOf(octetsOfMember(jwk, name, 'an EC key needs x, y and d'));
    if (bitsOf(integer) > 8 * length)
      throw new NotValid(`The EC key's ${name} is longer than the ${length} bytes of ${crv}.`);
    return octetsOf(integer, length);
  };
  const [x, y, d] = [coordinate('x'), coordinate('y'), coordinate('d')];
  const ecdh = createECDH(group);
  try {
    ecdh.setPrivateKey(d);
  } catch {
    throw new NotValid(`The EC key's d is not a private key on ${crv}.`);
  }
  if (!ecdh.getPublicKey().equals(Buffer.concat([Buffer.of(4), x, y]))) {
    throw new NotValid("The EC key's members do not belong together: x and y are not the public key of d.");
  }
  return { kty: 'EC', crv, x: base64url(x), y: base64url(y), d: base64url(d) };
}

function readOct(jwk: Members): OctKeyMaterial {
  const key = octetsOfMember(jwk, 'k', 'an oct key needs k');
  if (!octSizes.includes(key.length * 8)) {
    throw new NotValid(`The oct key has ${key.length * 8} bits; use ${octSizes.join(', ')}.`);
  }
  return { kty: 'oct', k: base64url(key) };
}

/** Base64url, with or without `=` at the end, which some clients add. */
function octetsOfMember(jwk: Members, name: string, needs: string): Uint8Array {
  const text = jwk[name] ?? undefined;
  if (text === undefined) throw new NotValid(`The key's member ${name} is missing: ${needs}.`);
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) {
    throw new NotValid(`The key's member ${name} must be base64url.`);
  }
  return Buffer.from(text, 'base64url');
}

function bitsOf(integer: bigint): number {
  return integer === 0n ? 0 : integer.toString(2).length;
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url');
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

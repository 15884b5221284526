import { createECDH, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import { promisify } from 'node:util';
import type { CertifiableKey } from '../../types/certificate.ts';
import type { EcKeyMaterial, KeyCurve, PublicKey, RsaKeyMaterial } from '../../types/key.ts';
import { nothing, objectIdentifier, sequence } from './der-write.ts';
import { Malformed, Refused } from './refusal.ts';

interface Curve {
  /** As RFC 7517 and OpenSSL have it in a JWK, and as OpenSSL names the group. */
  readonly jwk: string;
  readonly group: string;
  /** The hash that certificates are signed with: the shortest that is no weaker than the curve. */
  readonly hash: string;
}

const curves: Readonly<Record<KeyCurve, Curve>> = {
  'P-256': { jwk: 'P-256', group: 'prime256v1', hash: 'sha256' },
  'P-384': { jwk: 'P-384', group: 'secp384r1', hash: 'sha384' },
  'P-521': { jwk: 'P-521', group: 'secp521r1', hash: 'sha512' },
  'P-256K': { jwk: 'secp256k1', group: 'secp256k1', hash: 'sha256' },
};

const rsaSizes: ReadonlySet<number> = new Set([2048, 3072, 4096]);

interface SignatureAlgorithm {
  readonly identifier: string;
  readonly family: 'RSA' | 'EC';
  readonly hash: string;
}

/** RFC 4055 section 5 (RSASSA-PKCS1-v1_5) and RFC 5758 section 3.2. SHA-1 is left out: it proves nothing any more. */
const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { identifier: '1.2.840.113549.1.1.11', family: 'RSA', hash: 'sha256' },
  { identifier: '1.2.840.113549.1.1.12', family: 'RSA', hash: 'sha384' },
  { identifier: '1.2.840.113549.1.1.13', family: 'RSA', hash: 'sha512' },
  { identifier: '1.2.840.10045.4.3.2', family: 'EC', hash: 'sha256' },
  { identifier: '1.2.840.10045.4.3.3', family: 'EC', hash: 'sha384' },
  { identifier: '1.2.840.10045.4.3.4', family: 'EC', hash: 'sha512' },
];

const signLater = promisify<string, Uint8Array, KeyObject, Buffer>(sign);

export type PublicCertifiableKey = Exclude<PublicKey, { readonly kty: 'oct' }>;

export function privateKeyOf(material: CertifiableKey): KeyObject {
  return createPrivateKey({ key: jwkOf(material), format: 'jwk' });
}

function jwkOf(key: CertifiableKey): webcrypto.JsonWebKey {
  return key.kty === 'RSA' ? { ...key } : { ...key, crv: curves[key.crv].jwk };
}

/** SubjectPublicKeyInfo, DER. */
export function publicKeyInfo(material: CertifiableKey): Buffer {
  return createPublicKey(privateKeyOf(material)).export({ format: 'der', type: 'spki' });
}

/** How a key signs certificates: RSA with SHA-256, EC by its curve. RSA has NULL as parameters, EC none. */
export function signatureAlgorithmOf(key: CertifiableKey): SignatureAlgorithm & { readonly encoded: Buffer } {
  const wanted = key.kty === 'RSA' ? 'sha256' : curves[key.crv].hash;
  const found = signatureAlgorithms.find(({ family, hash }) => family === key.kty && hash === wanted);
  if (found === undefined) throw new TypeError(`no signature algorithm has ${wanted} for ${key.kty}`);
  return { ...found, encoded: sequence(objectIdentifier(found.identifier), ...(key.kty === 'RSA' ? [nothing] : [])) };
}

/** Off this thread: an RSA signature takes milliseconds. */
export function signWith(material: CertifiableKey, data: Uint8Array): Promise<Buffer> {
  return signLater(signatureAlgorithmOf(material).hash, data, privateKeyOf(material));
}

/** Whether `publicKey` (SubjectPublicKeyInfo) made the signature with the algorithm of this identifier. */
export function verifies(
  publicKey: Uint8Array,
  identifier: string,
  signed: { readonly data: Uint8Array; readonly signature: Uint8Array },
): boolean {
  const { kty } = publicKeyOf(publicKey);
  const algorithm = signatureAlgorithms.find((known) => known.identifier === identifier && known.family === kty);
  if (algorithm === undefined) {
    throw new Refused({ kind: 'algorithmNotSupported', use: 'signature', algorithm: identifier });
  }
  return verify(algorithm.hash, signed.data, spki(publicKey), signed.signature);
}

function spki(bytes: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(bytes), format: 'der', type: 'spki' });
  } catch {
    throw new Malformed('its public key cannot be read');
  }
}

/** Of a SubjectPublicKeyInfo. */
export function publicKeyOf(bytes: Uint8Array): PublicCertifiableKey {
  const { kty, n, e, crv, x, y } = exported(supported(spki(bytes)));
  return kty === 'RSA' ? { kty, n: given(n), e: given(e) } : { kty: 'EC', crv: curveOf(crv), x: given(x), y: given(y) };
}

/** Of a private key in DER. Members that contradict each other are refused: no key comes of them that does what it says. */
export function readPrivateKey(bytes: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1'): CertifiableKey {
  const key = exported(supported(privateKeyFrom(bytes, type)));
  const material = key.kty === 'RSA' ? rsaMaterial(key) : ecMaterial(key);
  const consistent = material.kty === 'RSA' ? isConsistentRsa(material) : isConsistentEc(material);
  if (!consistent) throw new Malformed('the parts of its private key do not belong together');
  return material;
}

function privateKeyFrom(bytes: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1'): KeyObject {
  try {
    return createPrivateKey({ key: Buffer.from(bytes), format: 'der', type });
  } catch {
    throw new Malformed('its private key cannot be read');
  }
}

/** PKCS #8, DER. */
export function privateKeyInfo(material: CertifiableKey): Buffer {
  return privateKeyOf(material).export({ format: 'der', type: 'pkcs8' });
}

function supported(key: KeyObject): KeyObject {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const size = details?.modulusLength;
  if (type === 'rsa' && size !== undefined && rsaSizes.has(size)) return key;
  const group = details?.namedCurve;
  if (type === 'ec' && Object.values(curves).some((curve) => curve.group === group)) return key;
  const found =
    type === 'rsa' ? `RSA of ${size} bits` : type === 'ec' ? `EC on ${group ?? 'a curve without a name'}` : type;
  throw new Refused({ kind: 'keyNotSupported', found: found ?? 'of an unknown kind' });
}

function exported(key: KeyObject): webcrypto.JsonWebKey {
  try {
    return key.export({ format: 'jwk' });
  } catch {
    // RSA with more than two primes is one that a JWK of ours has no members for.
    throw new Refused({ kind: 'keyNotSupported', found: 'of a form that no JSON Web Key can have' });
  }
}

function rsaMaterial({ n, e, d, p, q, dp, dq, qi }: webcrypto.JsonWebKey): RsaKeyMaterial {
  return {
    kty: 'RSA',
    n: given(n),
    e: given(e),
    d: given(d),
    p: given(p),
    q: given(q),
    dp: given(dp),
    dq: given(dq),
    qi: given(qi),
  };
}

function ecMaterial({ crv, x, y, d }: webcrypto.JsonWebKey): EcKeyMaterial {
  return { kty: 'EC', crv: curveOf(crv), x: given(x), y: given(y), d: given(d) };
}

function curveOf(name: string | undefined): KeyCurve {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.keys forgets what the type of `curves` says
  const found = (Object.keys(curves) as KeyCurve[]).find((curve) => curves[curve].jwk === name);
  if (found === undefined) throw new Malformed('its key is on an unknown curve');
  return found;
}

function given(member: string | undefined): string {
  if (member === undefined || member === '') throw new Malformed('its key lacks a part');
  return member;
}

/** RFC 8017 section 3.2: n = pq, and d, dP, dQ and qInv are inverses. */
function isConsistentRsa(key: RsaKeyMaterial): boolean {
  const [n, e, d, p, q] = [key.n, key.e, key.d, key.p, key.q].map(number);
  const [dp, dq, qi] = [key.dp, key.dq, key.qi].map(number);
  if (!n || !e || !d || !p || !q || !dp || !dq || !qi || p === 1n || q === 1n || p * q !== n) return false;
  return (
    (e * d) % (p - 1n) === 1n &&
    (e * d) % (q - 1n) === 1n &&
    dp === d % (p - 1n) &&
    dq === d % (q - 1n) &&
    (q * qi) % p === 1n
  );
}

function number(member: string): bigint {
  return BigInt(`0x0${Buffer.from(member, 'base64url').toString('hex')}`);
}

/** The public point is the private number times the base point. */
function isConsistentEc({ crv, x, y, d }: EcKeyMaterial): boolean {
  const ecdh = createECDH(curves[crv].group);
  try {
    ecdh.setPrivateKey(Buffer.from(d, 'base64url'));
  } catch {
    return false;
  }
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return ecdh.getPublicKey().equals(point);
}
